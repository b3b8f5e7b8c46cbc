"""virsh and our commands, asked the same about the same storage."""

import re

from tools import DONE

#: What is free moves, and libvirt counts the blocks reserved for root as available.
SPACE = r"<(allocation|available) unit='bytes'>\d+<"
#: libvirt has no time of birth and prints 0.
BIRTH = r"<btime>[\d.]+<"
#: As above, and when it was last read, which libvirt shows as it was at its last refresh.
READ = r"<[ab]time>[\d.]+<"
#: libvirt also looks at the volume below the one that was asked for; we say only where it is.
BELOW = r"(?s)\s*<(permissions|timestamps)>(?:(?!</\1>).)*</\1>(?!.*</target>)"


def names(out):
    """The first column of a table."""
    return [line.split()[0] for line in out.splitlines()[2:] if line.strip()]


class Both:
    """The two sides. virsh is asked first."""

    def __init__(self, virsh, site):
        self.virsh, self.site = virsh, site

    def __call__(self, tool, *arguments):
        """What virsh answers, and what we do."""
        return self.virsh.run(tool, *arguments), self.site.run(tool, *arguments)

    def define(self, pool, *words):
        """Defines a pool on both sides, as one."""
        self.site.ok("pool-define-as", pool, *words)
        self.hand_over(pool)

    def hand_over(self, pool):
        """Gives virsh our definition of a pool, its UUID included."""
        file = self.site.root / f"{pool}-for-virsh.xml"
        file.write_text(self.site.ok("pool-dumpxml", pool, "--inactive"))
        done = self.virsh.run("pool-define", file)
        assert done.status == DONE, done

    def ok(self, tool, *arguments):
        """Both succeed."""
        for result in self(tool, *arguments):
            assert result.status == DONE, result

    def refused(self, words, tool, *arguments):
        """Both fail, with the words."""
        for result in self(tool, *arguments):
            assert result.status != DONE and words in result.err, result

    def same(self, tool, *arguments, but="(?!)"):
        """Both succeed and print the same but for what matches; returns what we print."""
        theirs, ours = self(tool, *arguments)
        for result in (theirs, ours):
            assert result.status == DONE, result
        assert re.sub(but, "", ours.out) == re.sub(but, "", theirs.out)
        return ours.out
