package org.hgcmdserver.listener;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.ref.Reference;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketCredentials;
import org.newsclub.net.unix.FileDescriptorCast;

/**
 * An accepted connection. It has one owner at a time: the service until a worker source has taken
 * it, and then whoever that names; the owner ends with {@link #release}.
 */
public final class Connection {

    /**
     * Held for its being held: once unreachable, junixsocket's cleaner shuts the connection down
     * and closes its descriptor, or, had the number been closed here, the one that has it then.
     */
    private final AFUNIXSocketChannel channel;

    private final FileDescriptor descriptor;
    private final int fd;
    private final Peer peer;

    Connection(AFUNIXSocketChannel channel) throws IOException {
        this.channel = channel;
        descriptor = channel.getFileDescriptor();
        fd = FileDescriptorCast.using(descriptor).as(Integer.class);
        AFUNIXSocketCredentials credentials;
        try {
            credentials = channel.getPeerCredentials();
        } catch (IOException e) {
            release();
            throw e;
        }
        peer =
                new Peer(
                        Math.max(0, credentials.getPid()),
                        credentials.getUid(),
                        credentials.getGid());
    }

    /** The connected socket; valid until {@link #release}. */
    public int fd() {
        return fd;
    }

    public Peer peer() {
        return peer;
    }

    /**
     * Closes this process's handle of the connection and leaves the connection itself to whoever
     * else has a handle: junixsocket's own close would shut it down for the worker too.
     */
    public void release() {
        try {
            new FileOutputStream(descriptor).close();
            Reference.reachabilityFence(channel);
        } catch (IOException e) {
            // close(2) reports a failed write-back; a socket has none, and the number is free
        }
    }
}
