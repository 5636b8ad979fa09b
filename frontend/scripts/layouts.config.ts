// `npm run layouts` writes tests/fixtures/layouts anew; the same test then holds the page's drawings against them.
import { defineConfig, mergeConfig } from "vitest/config";
import base from "../vite.config.ts";

export default mergeConfig(
  base,
  defineConfig({ root: ".", test: { env: { WRITE_LAYOUTS: "1" } } }),
);
