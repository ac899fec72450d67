"""`qiantong work`: timers, messages and reports in a process of their own, beside or without a server."""


def work() -> None:
    """处理定时任务、待发消息与回执，直至中断；可与服务并行运行多个。

    Work timers, messages and reports until interrupted; any number may run beside the server.
    """
    from app.cli import session
    from app.serving import work_platform

    work_platform(session.settings())
