package org.hgcmdserver.reload;

import java.io.IOException;
import java.util.function.Consumer;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.posix.EventLoop;

/**
 * The program that takes this one's place in a reload, by execve(2): the same process, with the
 * same listening socket and the same children. All calls come from the loop's thread.
 */
public interface Successor {

    /**
     * Finds out whether the program would start with the configuration that there is now, while the
     * service goes on.
     *
     * @param result is called once, later, in the loop's thread: with null if all is fine, else
     *     with one line that says what is not
     * @throws IOException if that cannot even be tried
     */
    void check(EventLoop loop, Children children, Consumer<String> result) throws IOException;

    /** The result of a check that may be under way is of no interest any more. */
    default void stopChecking() {}

    /**
     * Replaces this program. Does not return.
     *
     * @throws IOException if it cannot be done; nothing has changed then
     */
    void replace(Handover handover) throws IOException;
}
