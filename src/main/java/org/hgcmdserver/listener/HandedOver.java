package org.hgcmdserver.listener;

import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A listening socket that an earlier image of this process has left: "bound DEVICE INODE PATH", the
 * path with its special characters encoded, "inherited blocking" or "inherited nonblocking".
 */
public final class HandedOver {

    private HandedOver() {}

    static String bound(Path path, long device, long inode) {
        String encoded = URLEncoder.encode(path.toString(), StandardCharsets.UTF_8);
        return "bound " + device + " " + inode + " " + encoded;
    }

    static String inherited(boolean wasNonBlocking) {
        return "inherited " + (wasNonBlocking ? "nonblocking" : "blocking");
    }

    /**
     * Takes the socket over.
     *
     * @param description {@link Listener#description} of the earlier image; null if it is not
     *     known: then the path is left alone in the end, for it may be somebody else's
     */
    public static Listener adopt(int fd, String description) throws IOException {
        if (description == null) {
            return InheritedListener.adopt(fd, true);
        }
        String[] words = description.split(" ");
        if (words.length == 4 && words[0].equals("bound")) {
            Path path = Path.of(URLDecoder.decode(words[3], StandardCharsets.UTF_8));
            long device = Long.parseLong(words[1]);
            return BoundListener.adopt(fd, path, device, Long.parseLong(words[2]));
        }
        return InheritedListener.adopt(fd, description.equals(inherited(true)));
    }
}
