package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.util.List;
import org.hgcmdserver.children.Children;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.posix.UnixSocket;

/**
 * A process of src/main/python/main.py that talks to the daemon over a line, its descriptor 3. It
 * has no input, and what it and hooks print goes to the log. Used in the loop's thread only.
 *
 * @param line the daemon's end, the caller's to close
 */
record LineProcess(int pid, MessageLine line) {

    /**
     * Starts it.
     *
     * @param arguments argv, the interpreter's absolute path first
     * @param onExit is called when it has been waited for
     * @throws IOException if that fails, with the reason; nothing is left open then
     */
    static LineProcess start(
            EventLoop loop,
            Children children,
            List<String> arguments,
            Environment environment,
            MessageLine.Receiver receiver,
            Children.ExitCallback onExit)
            throws IOException {
        int[] ends = {-1, -1};
        int input = -1;
        MessageLine line = null;
        try {
            ends = UnixSocket.pair();
            input = Descriptors.openNull();
            int pid = Child.spawn(arguments.get(0), arguments, environment, input, 2, -1, ends[1]);
            children.add(pid, onExit);
            line = new MessageLine(loop, ends[0], receiver);
            return new LineProcess(pid, line);
        } finally {
            if (line == null) {
                closeIfOpen(ends[0]);
            }
            closeIfOpen(ends[1]);
            closeIfOpen(input);
        }
    }

    private static void closeIfOpen(int fd) {
        if (fd >= 0) {
            Descriptors.close(fd);
        }
    }
}
