package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.Path;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.Words;

/**
 * A listening socket that an earlier image of this process has left: "bound DEVICE INODE PATH", the
 * path with its special characters encoded, "inherited blocking", "inherited nonblocking", or
 * "unknown".
 */
public final class ListenerState {

    static final String UNKNOWN = "unknown";

    /** What the socket is bound to, and was bound by an earlier image. */
    record Bound(Path path, long device, long inode) {

        /** Null if the description is of another kind, or of none that this image knows. */
        static Bound parse(String description) {
            String[] words = description.split(" ");
            if (words.length != 4 || !words[0].equals("bound")) {
                return null;
            }
            try {
                Path path = PlatformPath.of(Words.decode(words[3]));
                return new Bound(path, Long.parseLong(words[1]), Long.parseLong(words[2]));
            } catch (IllegalArgumentException e) { // all three throw a kind of it
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
     * @param description {@link Listener#description} of the earlier image; null if it is not
     *     known: then the path is left alone in the end, for it may be somebody else's
     * @param passed whether the service manager has passed a socket to this process; if that is not
     *     known of this one, it is what tells
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
