"""Texts of the small pages: (title, sentence, link, address) by name and language."""

from __future__ import annotations

from .negotiation import Language

NOTICES: dict[str, dict[Language, tuple[str, str, str, str]]] = {
    "missing": {
        "en": (
            "Not in the catalogue",
            "There is no page at this address. Perhaps the name of the architecture is misspelt.",
            "Open the LSTM",
            "/lstm",
        ),
        "zh": (
            "目录中没有",
            "这个地址上没有页面。也许架构的名字写错了。",
            "打开 LSTM",
            "/lstm",
        ),
    },
    "unbuilt": {
        "en": (
            "The page has not been built yet",
            "The service runs, but its page is missing. Run “python3 run.py” in the project's "
            "folder: it builds the page and starts the service again. The REST interface works "
            "without it.",
            "Read about the interface",
            "/docs",
        ),
        "zh": (
            "页面尚未构建",
            "服务正在运行，但是缺少页面。请在项目目录中运行“python3 run.py”：它会构建页面并重新启动"
            "服务。没有页面，REST 接口也可以使用。",
            "查看接口说明",
            "/docs",
        ),
    },
}
