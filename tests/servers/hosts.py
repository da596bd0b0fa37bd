"""Libraries that the hosts in other languages need. They are fetched once, and tests get their folders by environment variables."""

import packages


class Library:
    """A folder. It has the methods of a server, but nothing is started."""

    settings = None

    def __init__(self, name, package):
        self.name, self.package = name, package

    def prepare(self, _):
        self.folder = self.package()

    def begin(self):
        pass

    wait = close = begin

    def variables(self):
        return {f"VECSINK_TEST_{self.name.upper()}": str(self.folder)}


def koffi():
    return Library("koffi", packages.koffi)


def jna():
    return Library("jna", packages.jna)


def gunicorn():
    return Library("gunicorn", packages.gunicorn)
