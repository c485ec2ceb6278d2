package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessageLineTest {

    /** What the numbers of a closed line stand for by then may be a client's connection. */
    @Test
    void closedLineSendsNothingToWhoeverHasItsNumber() throws Exception {
        try (EventLoop loop = new EventLoop(Ticker.SYSTEM)) {
            SocketPair ends = SocketPair.open();
            int number = ends.here().fd();
            MessageLine line = new MessageLine(loop, ends.here(), new Ignored());
            line.close();
            ends.there().close();
            SocketPair reused = SocketPair.open();
            assertThat(List.of(reused.here().fd(), reused.there().fd())).contains(number);
            assertThatThrownBy(() -> line.send('f', 0))
                    .isInstanceOfSatisfying(
                            PosixException.class,
                            e -> assertThat(e.errno()).isEqualTo(Errno.EPIPE));
            line.send('w');
            List<String> received = new ArrayList<>();
            for (OwnedDescriptor end : List.of(reused.here(), reused.there())) {
                Descriptors.setNonBlocking(end.fd(), true);
                if (LibC.C.read(end.fd(), NativeMemory.allocate(1), 1) > 0) {
                    received.add("fd " + end.fd());
                }
                end.close();
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
