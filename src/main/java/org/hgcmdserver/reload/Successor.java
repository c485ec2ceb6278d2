package org.hgcmdserver.reload;

import java.io.IOException;
import java.util.function.Consumer;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.posix.EventLoop;

/**
 * The program that replaces this one in a reload, by execve(2): the process, its listening socket
 * and its children stay the same. All calls come from the loop's thread.
 */
public interface Successor {

    /**
     * Checks whether the program would start with the current configuration, while the service goes
     * on.
     *
     * @param result called once, later, in the loop's thread: with null if the program would start,
     *     else with one line that names the problem
     * @throws IOException if the check cannot even start
     */
    void check(EventLoop loop, Children children, Consumer<String> result) throws IOException;

    /** Cancels a check that may be under way: its result is no longer needed. */
    default void stopChecking() {}

    /**
     * Replaces this program. Does not return.
     *
     * @throws IOException if the replacement fails; nothing has changed then
     */
    void replace(Handover handover) throws IOException;
}
