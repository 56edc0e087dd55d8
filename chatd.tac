"""For `twistd -ny chatd.tac`: the server of `twistd -n chatd`, with the options in this file."""

from twisted.application.service import Application

from chatd.daemon.tap import Options, makeService

options = Options()
options.parseOptions([])  # for example ["--room", "tea:Tea house", "--hide-addresses"]

application = Application("chatd")
makeService(options).setServiceParent(application)  # type: ignore[no-untyped-call]
