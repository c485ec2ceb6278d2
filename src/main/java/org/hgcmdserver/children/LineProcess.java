package org.hgcmdserver.children;

import java.io.IOException;
import java.util.List;
import org.hgcmdserver.posix.Child;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.Environment;
import org.hgcmdserver.posix.EventLoop;
import org.hgcmdserver.posix.MessageLine;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.SocketPair;

/**
 * A child that talks to the daemon over a line: a template, a proof, the check of a reload. The
 * child has no input. Used in the loop's thread only.
 *
 * @param pid the child, which the caller adds to {@link Children}
 * @param line the daemon's end, which the caller closes
 */
public record LineProcess(int pid, MessageLine line) {

    /** The child's descriptors for its end of the line. */
    public enum LineDescriptor {
        /** Descriptors 1 and 2: a message is a line that the child prints. */
        OUTPUT,
        /** Descriptor 3: what the child prints goes to the daemon's log. */
        DESCRIPTOR_3
    }

    /**
     * Starts a child.
     *
     * @param arguments argv, the absolute path of the program first
     * @throws IOException if that fails, with the reason; neither a descriptor nor a child remains
     *     then
     */
    public static LineProcess start(
            EventLoop loop,
            List<String> arguments,
            Environment environment,
            LineDescriptor descriptor,
            MessageLine.Receiver receiver)
            throws IOException {
        try (SocketPair ends = SocketPair.open();
                OwnedDescriptor input = Descriptors.openNull()) {
            MessageLine line =
                    descriptor == LineDescriptor.OUTPUT
                            ? MessageLine.ofText(loop, ends.here(), receiver)
                            : new MessageLine(loop, ends.here(), receiver);
            int there = ends.there().fd();
            int[] descriptors =
                    descriptor == LineDescriptor.OUTPUT
                            ? new int[] {input.fd(), there, there}
                            : new int[] {input.fd(), 2, -1, there};
            try {
                int pid = Child.spawn(arguments.get(0), arguments, environment, descriptors);
                return new LineProcess(pid, line);
            } catch (IOException | RuntimeException e) {
                line.close();
                throw e;
            }
        }
    }
}
