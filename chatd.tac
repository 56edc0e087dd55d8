"""For `twistd -ny chatd.tac`: the same server as `twistd -n chatd`, with the options written here."""

from twisted.application.service import Application

from chatd.daemon.tap import Options, makeService

options = Options()
options.parseOptions([])  # for instance ["--room", "tea:Tea house", "--hide-addresses"]

application = Application("chatd")
makeService(options).setServiceParent(application)  # type: ignore[no-untyped-call]
