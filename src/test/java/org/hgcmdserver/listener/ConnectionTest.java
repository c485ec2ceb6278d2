package org.hgcmdserver.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.hgcmdserver.posix.Descriptors;
import org.hgcmdserver.posix.OwnedDescriptor;
import org.hgcmdserver.posix.SocketPair;
import org.hgcmdserver.posix.UnixSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

class ConnectionTest {

    @TempDir Path directory;

    @Test
    void outlivesTheGarbageCollector() throws Exception {
        Path path = directory.resolve("s");
        Listener listener = BoundListener.bind(path, 0600);
        try (AFUNIXSocket client = AFUNIXSocket.connectTo(AFUNIXSocketAddress.of(path))) {
            Connection connection = listener.accept();
            // objects that accept left unreachable became so before this one
            WeakReference<Object> later = new WeakReference<>(new Object());
            await().until(
                            () -> {
                                System.gc();
                                return later.get() == null;
                            });
            // and their cleaners have run once a cleaner made later has
            Object marker = new Object();
            java.util.concurrent.CountDownLatch cleaned =
                    new java.util.concurrent.CountDownLatch(1);
            java.lang.ref.Cleaner.create().register(marker, cleaned::countDown);
            marker = null;
            await().until(
                            () -> {
                                System.gc();
                                return cleaned.getCount() == 0;
                            });
            assertThat(UnixSocket.sendWithoutWaiting(connection.fd(), new byte[] {'x'})).isOne();
            assertThat(client.getInputStream().read()).isEqualTo('x');
            connection.release();
            assertThat(client.getInputStream().read()).as("released: the end").isEqualTo(-1);
        } finally {
            listener.unlink();
            listener.release();
        }
        assertThat(Files.exists(path)).isFalse();
    }

    @Test
    void aSecondReleaseLeavesTheNextDescriptorOfThatNumberOpen() throws Exception {
        SocketPair ends = SocketPair.open();
        List<OwnedDescriptor> opened = new ArrayList<>(List.of(ends.there()));
        AtomicInteger releases = new AtomicInteger();
        int number = ends.here().release();
        Connection connection = new Connection(number, new Peer(0, -1, -1));
        connection.onRelease(releases::incrementAndGet);
        try {
            connection.release();
            OwnedDescriptor next;
            do { // open(2) gives the lowest free number, and a lower one may have become free
                next = Descriptors.openNull();
                opened.add(next);
            } while (next.fd() < number);
            assertThat(next.fd()).as("the number of the connection").isEqualTo(number);
            connection.release();
            assertThatCode(() -> Descriptors.isNonBlocking(number)).doesNotThrowAnyException();
            assertThat(releases).hasValue(1);
        } finally {
            opened.forEach(OwnedDescriptor::close);
        }
    }

    @Test
    void knowsItsPeer() throws Exception {
        Path path = directory.resolve("s");
        Listener listener = BoundListener.bind(path, 0600);
        assertThat(listener.accept()).as("no client is there").isNull();
        try (AFUNIXSocket client = AFUNIXSocket.connectTo(AFUNIXSocketAddress.of(path))) {
            assertThat(client.isConnected()).isTrue();
            Connection connection = listener.accept();
            assertThat(connection.peer().pid()).isEqualTo(ProcessHandle.current().pid());
            int uid = (Integer) Files.getAttribute(directory, "unix:uid");
            assertThat(connection.peer().uid()).isEqualTo(uid);
            connection.release();
        } finally {
            listener.unlink();
            listener.release();
        }
    }
}
