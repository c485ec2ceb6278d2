package org.hgcmdserver.listener;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.FileHandle;
import org.hgcmdserver.posix.FileWatch;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.UnixSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A socket that this daemon bound to a path, and whose path it removes in the end. */
public final class BoundListener extends Listener {

    private static final Logger log = LoggerFactory.getLogger(BoundListener.class);

    private static final int OWNER_ONLY = 0600;

    private static final int LOCK_TRIES = 200;
    private static final long LOCK_PAUSE_NANOS = 10_000_000;

    private final Path path;
    private Inode inode;

    /** The permission bits for the socket's file. */
    private int mode;

    private FileWatch watch;
    private boolean lost;
    private boolean unlinked;

    private BoundListener(int fd, Path path, Inode inode, int mode) throws IOException {
        super(fd, PlatformPath.text(path));
        this.path = path;
        this.inode = inode;
        this.mode = mode;
    }

    /** The caller sets the mode, which is that of the new image. */
    static BoundListener adopt(int fd, Path path, long device, long inode) throws IOException {
        return new BoundListener(fd, path, new Inode(device, inode), OWNER_ONLY);
    }

    @Override
    public String description() {
        return new ListenerState.Bound(path, inode.device(), inode.number()).toString();
    }

    /**
     * Binds to {@code path} and listens. Replaces the socket of a server that is gone and the link
     * to a server that chg has started, but no other file. Two daemons that start at the same time
     * cannot both succeed: they lock the directory.
     *
     * @param mode the permission bits of the socket's file; no client can connect before they are
     *     set
     * @throws ListenException if this fails; the message says what to do
     */
    public static BoundListener bind(Path path, int mode) throws IOException {
        SocketPlace.checkDirectory(path);
        try (Closeable lock = lock(path)) {
            StaleSocket.remove(path);
            return bindAndListen(path, mode);
        } catch (ListenException e) {
            throw e;
        } catch (FileSystemException e) {
            String reason = e.getReason() == null ? "no permission" : e.getReason();
            throw ListenException.cannot(path, "%s: %s".formatted(e.getFile(), reason), e);
        } catch (IOException e) {
            throw ListenException.cannot(path, e.getMessage(), e);
        }
    }

    /** Waits for a server that is starting; a longer holder of the lock is not such a server. */
    private static Closeable lock(Path path) throws IOException {
        for (int i = 0; i < LOCK_TRIES; i++) {
            Closeable lock = Descriptors.tryLockDirectory(path.getParent());
            if (lock != null) {
                return lock;
            }
            LockSupport.parkNanos(LOCK_PAUSE_NANOS);
        }
        throw new ListenException(
                "cannot listen at %s: another process keeps the directory %s locked; end it (fuser %s shows it) or choose another path with --address"
                        .formatted(path, path.getParent(), path.getParent()));
    }

    private static BoundListener bindAndListen(Path path, int mode) throws IOException {
        Inode bound = null;
        try (OwnedDescriptor socket = UnixSocket.open()) {
            UnixSocket.bind(socket.fd(), path);
            bound = Inode.of(path);
            // before listen: until then connects fail, so no client gets in under a wider mode
            setMode(path, bound, mode);
            UnixSocket.listen(socket.fd(), path);
            return new BoundListener(socket.release(), path, bound, mode);
        } catch (IOException e) {
            if (bound != null && bound.isAt(path)) {
                Files.deleteIfExists(path);
            }
            throw e;
        }
    }

    /** Sets the mode of exactly this socket: a socket that has replaced it keeps its own mode. */
    private static void setMode(Path path, Inode socket, int mode) throws IOException {
        try (FileHandle handle = FileHandle.of(path)) {
            if (socket.equals(Inode.ofTarget(handle.path()))) {
                Files.setPosixFilePermissions(handle.path(), permissions(mode));
            }
        }
    }

    /** Changes the permission bits of the socket's file, if it is still this socket. */
    public void setMode(int mode) {
        this.mode = mode;
        try {
            setMode(path, inode, mode);
        } catch (IOException e) { // the daemon can serve anyway
            log.warn("cannot set the permissions of {}: {}", path, e.toString());
        }
    }

    @Override
    public boolean isInherited() {
        return false;
    }

    /** As chgserver.py's {@code _issocketowner}. */
    @Override
    public boolean isReachable() {
        return inode.isAt(path);
    }

    @Override
    public Optional<FileWatch> watch() {
        if (!FileWatch.isPossible()) {
            return Optional.empty();
        }
        try {
            watch = FileWatch.open();
        } catch (IOException e) {
            log.debug("no watch on {}: {}", path, e.getMessage());
        }
        watchPath();
        return Optional.ofNullable(watch);
    }

    private void watchPath() {
        if (watch != null) {
            try {
                watch.add(path);
            } catch (IOException e) { // such as ENOENT
                log.debug("no watch on {}: {}", path, e.getMessage());
            }
        }
    }

    /** Not for a path that another file or another server has taken, save chg's own server. */
    @Override
    public Optional<Listener> rebind() {
        lost = false;
        try (OwnedDescriptor old = Descriptors.duplicate(fd());
                Closeable lock = lockIfPossible(path.getParent())) {
            if (lock == null) {
                lost = !Files.isDirectory(path.getParent());
                return Optional.empty();
            }
            SocketPlace.checkDirectory(path);
            StaleSocket.remove(path);
            BoundListener bound = bindAndListen(path, mode);
            try (OwnedDescriptor socket = new OwnedDescriptor(bound.fd())) {
                Descriptors.replace(fd(), socket.fd());
            }
            log.info("listening at {} again, which had been removed or replaced", path);
            BoundListener former = new BoundListener(old.release(), path, inode, mode);
            inode = bound.inode;
            watchPath();
            announce();
            return Optional.of(former);
        } catch (ListenException e) {
            lost = true;
            log.warn("{}", e.getMessage());
        } catch (IOException e) { // chg's servers may be renaming theirs
            lost = !Files.isDirectory(path.getParent());
            log.debug("not listening at {} yet: {}", path, e.getMessage());
        }
        return Optional.empty();
    }

    @Override
    public boolean isLost() {
        return lost && !isReachable();
    }

    @Override
    public boolean refuseNewConnections() {
        UnixSocket.refuseNewConnections(fd());
        return true;
    }

    @Override
    public void unlink() throws IOException {
        if (unlinked) {
            return;
        }
        unlinked = true;
        try (Closeable lock = lockIfPossible(path.getParent())) {
            if (inode.equals(Inode.of(path))) {
                Files.delete(path);
                ChgsOwnServers.removeRest(path); // also those of an earlier image's time
            } else {
                log.warn("{} is not this server's socket any more; left alone", path);
            }
        } catch (NoSuchFileException e) {
            log.warn("{} has been removed by another process", path);
        }
    }

    /** Null without a lock: neither its holder nor a lack of descriptors may delay the drain. */
    private static Closeable lockIfPossible(Path directory) {
        try {
            return Descriptors.tryLockDirectory(directory);
        } catch (IOException e) {
            log.debug("without the lock: {}", e.getMessage());
            return null;
        }
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] fromOwnerRead = PosixFilePermission.values();
        for (int i = 0; i < fromOwnerRead.length; i++) {
            if ((mode & (0400 >> i)) != 0) {
                set.add(fromOwnerRead[i]);
            }
        }
        return set;
    }
}
