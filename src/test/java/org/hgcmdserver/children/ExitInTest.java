package org.hgcmdserver.children;

import java.io.IOException;
import org.hgcmdserver.posix.Exit;

/** The exit of a child that is not a process, for tests that play the reaper. */
public final class ExitInTest {

    private ExitInTest() {}

    public static void of(Children children, int pid) throws IOException {
        children.exited(new Exit(pid, 0, 0));
    }
}
