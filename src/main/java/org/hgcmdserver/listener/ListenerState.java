package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.Path;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.Words;

/**
 * The description of a listening socket that an earlier image of this process handed over: "bound
 * DEVICE INODE PATH" (the path with its special characters encoded), "inherited blocking",
 * "inherited nonblocking", or "unknown".
 */
public final class ListenerState {

    static final String UNKNOWN = "unknown";

    /** The path and the inode of a socket that an earlier image bound. */
    record Bound(Path path, long device, long inode) {

        /** Null for a description of another kind, or of a kind unknown to this image. */
        static Bound parse(String description) {
            String[] words = description.split(" ");
            if (words.length != 4 || !words[0].equals("bound")) {
                return null;
            }
            try {
                Path path = PlatformPath.of(Words.decode(words[3]));
                return new Bound(path, Long.parseLong(words[1]), Long.parseLong(words[2]));
            } catch (IllegalArgumentException e) { // all three calls throw it or a subclass
                return null;
            }
        }

        @Override
        public String toString() {
            String encoded = Words.encode(PlatformPath.text(path));
            return "bound " + device + " " + inode + " " + encoded;
        }
    }

    private ListenerState() {}

    static String inherited(boolean wasNonBlocking) {
        return "inherited " + (wasNonBlocking ? "nonblocking" : "blocking");
    }

    /**
     * Takes the socket over.
     *
     * @param description {@link Listener#description} of the earlier image; null if not known: then
     *     the daemon never removes the path, which may belong to another process
     * @param passed whether the service manager passed a socket to this process; decides for a
     *     socket whose description does not say so
     */
    public static Listener adopt(int fd, String description, boolean passed) throws IOException {
        Bound bound = description == null ? null : Bound.parse(description);
        if (bound != null) {
            return BoundListener.adopt(fd, bound.path(), bound.device(), bound.inode());
        }
        boolean blocking = inherited(false).equals(description);
        boolean known = blocking || inherited(true).equals(description);
        return InheritedListener.adopt(fd, !blocking, known || passed);
    }
}
