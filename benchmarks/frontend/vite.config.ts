/** Puts the page's own drawing and its rivals into one page; vite comes from `frontend/`. */
export default {
  base: "./",
  logLevel: "warn",
  build: {
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: { input: "harness.html" },
  },
};
