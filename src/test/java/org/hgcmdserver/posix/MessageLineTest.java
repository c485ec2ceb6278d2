package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Test;

class MessageLineTest {

    /** A client's connection may have the descriptor number of a closed line. */
    @Test
    void closedLineSendsNothingToWhoeverHasItsNumber() throws Exception {
        try (EventLoop loop = new EventLoop(Ticker.SYSTEM)) {
            int[] ends = UnixSocket.pair();
            MessageLine line = new MessageLine(loop, ends[0], new Ignored());
            line.close();
            Descriptors.close(ends[1]);
            int[] reused = UnixSocket.pair();
            assertThat(reused).contains(ends[0]);
            assertThatThrownBy(() -> line.send('f', 0))
                    .isInstanceOfSatisfying(
                            PosixException.class,
                            e -> assertThat(e.errno()).isEqualTo(Errno.EPIPE));
            line.send('w');
            List<String> received = new ArrayList<>();
            for (int fd : reused) {
                Descriptors.setNonBlocking(fd, true);
                if (LibC.C.read(fd, NativeMemory.allocate(1), 1) > 0) {
                    received.add("fd " + fd);
                }
                Descriptors.close(fd);
            }
            assertThat(received).isEmpty();
        }
    }

    private static final class Ignored implements MessageLine.Receiver {
        @Override
        public void received(String line) throws IOException {}

        @Override
        public void ended() throws IOException {}
    }
}
