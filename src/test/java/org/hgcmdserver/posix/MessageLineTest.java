package org.hgcmdserver.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessageLineTest {

    /** A client's connection may have the descriptor number of a closed line. */
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
            assertThatThrownBy(() -> line.send(new byte[] {'f'}, 0))
                    .isInstanceOfSatisfying(
                            PosixException.class,
                            e -> assertThat(e.errno()).isEqualTo(Errno.EPIPE));
            line.send(new byte[] {'w'});
            List<String> received = new ArrayList<>();
            for (OwnedDescriptor end : List.of(reused.here(), reused.there())) {
                Descriptors.setNonBlocking(end.fd(), true);
                if (LibC.read(end.fd(), NativeMemory.allocate(1), 1) > 0) {
                    received.add("fd " + end.fd());
                }
                end.close();
            }
            assertThat(received).isEmpty();
        }
    }

    @Test
    void messagesOfAnyBytesArriveInPieces() throws Exception {
        List<byte[]> received = new ArrayList<>();
        List<String> ends = new ArrayList<>();
        try (ManualLoop manual = new ManualLoop();
                SocketPair pair = SocketPair.open();
                SocketEnd there = new SocketEnd(pair.there());
                MessageLine line =
                        new MessageLine(manual.loop(), pair.here(), collector(received, ends))) {
            String stream = "\0\0\0\1x\0\0\0\0\0\0\0\5a\nb\0\u00ff";
            for (char c : stream.toCharArray()) {
                there.write(String.valueOf(c));
                manual.run();
            }
            assertThat(received)
                    .containsExactly(
                            new byte[] {'x'},
                            new byte[] {},
                            new byte[] {'a', '\n', 'b', 0, (byte) 0xff});
            line.send(new byte[] {'y', '\n'});
            assertThat(there.read()).isEqualTo("\0\0\0\2y\n");
            there.write("a line of text\n");
            manual.run();
            assertThat(ends).as("not a message").hasSize(1);
            assertThat(received).hasSize(3);
        }
    }

    @Test
    void linesOfTextArriveInPieces() throws Exception {
        List<byte[]> received = new ArrayList<>();
        try (ManualLoop manual = new ManualLoop();
                SocketPair pair = SocketPair.open();
                SocketEnd there = new SocketEnd(pair.there());
                MessageLine line =
                        MessageLine.ofText(
                                manual.loop(),
                                pair.here(),
                                collector(received, new ArrayList<>()))) {
            there.write("one\ntw");
            manual.run();
            there.write("o\n\nrest");
            manual.run();
            assertThat(received).extracting(String::new).containsExactly("one", "two", "");
        }
    }

    private static MessageLine.Receiver collector(List<byte[]> received, List<String> ends) {
        return new MessageLine.Receiver() {
            @Override
            public void received(byte[] message) {
                received.add(message);
            }

            @Override
            public void ended() {
                ends.add("end");
            }
        };
    }

    private static final class Ignored implements MessageLine.Receiver {
        @Override
        public void received(byte[] message) throws IOException {}

        @Override
        public void ended() throws IOException {}
    }
}
