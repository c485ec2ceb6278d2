package org.hgcmdserver.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Set;
import org.hgcmdserver.posix.DescriptorOutput;
import org.hgcmdserver.posix.Errno;
import org.hgcmdserver.posix.PosixException;

/** This process's standard output and error; a failed write has the same effect as in hg. */
final class StandardStreams {

    /** A write to standard output failed; the rest of the command's output is of no use. */
    static final class OutputLost extends IOException {

        private static final long serialVersionUID = 1;

        private final transient PosixException failure;

        private OutputLost(PosixException failure) {
            super(failure);
            this.failure = failure;
        }

        /**
         * hg's message for this failure; null if hg prints none (dispatch.py, {@code _flushstdio}).
         */
        String message() {
            return failure.errno() == Errno.EPIPE ? null : "abort: " + failure.reason();
        }
    }

    /** ui.py, {@code _writenobuf}: "no way to report the error, so ignore it". */
    private static final Set<Errno> NO_WAY_TO_REPORT = Set.of(Errno.EPIPE, Errno.EIO, Errno.EBADF);

    private StandardStreams() {}

    /** Standard output; a failed write throws {@link OutputLost}. */
    static OutputStream output() {
        return new Written(1, Set.of());
    }

    /** Standard error; drops output that has no reader. */
    static OutputStream error() {
        return new Written(2, NO_WAY_TO_REPORT);
    }

    private static final class Written extends OutputStream {

        private final DescriptorOutput descriptor;
        private final Set<Errno> ignored;

        Written(int fd, Set<Errno> ignored) {
            descriptor = new DescriptorOutput(fd);
            this.ignored = ignored;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                descriptor.write(bytes, offset, length);
            } catch (PosixException e) {
                if (!ignored.contains(e.errno())) {
                    throw new OutputLost(e);
                }
            }
        }
    }
}
