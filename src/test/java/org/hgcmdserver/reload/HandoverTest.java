package org.hgcmdserver.reload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hgcmdserver.reload.Handover.ListeningSocket.SERVICE;

import java.util.List;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.reload.Handover.BusyWorker;
import org.hgcmdserver.reload.Handover.ListeningSocket;
import org.hgcmdserver.worker.Worker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HandoverTest {

    private static final Peer PEER = new Peer(1, 1000, 0xffffffffL);

    private static final Handover FULL =
            new Handover(
                    List.of(
                            new ListeningSocket("control", 8, "inherited blocking"),
                            new ListeningSocket(SERVICE, 7, "bound 1 2 %2Frun%2Fa+b")),
                    4711,
                    List.of(
                            new BusyWorker(
                                    100, Worker.State.SERVING, -5, new Connection(9, PEER), 12),
                            new BusyWorker(
                                    101, Worker.State.STARTING, 6, Connection.unknown(), -1)),
                    List.of(102, 103),
                    List.of(14, 13));

    @Test
    void comesBackAsItWent() {
        Handover back = Handover.parse(FULL.toText());
        assertThat(back.toText()).isEqualTo(FULL.toText());
        assertThat(back.listener().description()).isEqualTo("bound 1 2 %2Frun%2Fa+b");
        assertThat(back.connections()).isEqualTo(4711);
        assertThat(back.descriptors()).containsExactly(7, 8, 9, 12, 14, 13);
        assertThat(back.workers().get(0).connection().peer()).isEqualTo(PEER);
        assertThat(back.workers().get(1).connection().hasHandle()).isFalse();
        assertThat(back.leftovers()).containsExactly(102, 103);
        assertThat(back.waiting()).containsExactly(14, 13);
    }

    @Test
    void whatALaterImageAddsIsPassedOver() {
        String text = FULL.toText() + "weather fine\n";
        assertThat(Handover.parse(text).toText()).isEqualTo(FULL.toText());
    }

    /** What release 0.1.0 writes, which knows one listener and no lines. */
    @Test
    void earlierReleaseIsRead() {
        Handover handover =
                Handover.parse(
                        """
                        hg-cmdserver 1
                        listener 7 inherited blocking
                        connections 3
                        worker 100 SERVING 5 9 1 2 3
                        leftover 101
                        """);
        assertThat(handover.listener().fd()).isEqualTo(7);
        assertThat(handover.workers().get(0).line()).isEqualTo(-1);
    }

    /** Release 0.1.0 would take another listener for the service's. */
    @Test
    void earlierReleaseFindsTheServicesListener() {
        assertThat(FULL.toText().lines().filter(l -> l.startsWith("listener ")))
                .containsExactly("listener 7 bound 1 2 %2Frun%2Fa+b");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\n",
                "hg-cmdserver 2\nlistener 3 inherited blocking\n",
                "hg-cmdserver 1\n",
                "hg-cmdserver 1\nlistener x inherited blocking\n",
                "hg-cmdserver 1\nlistener 3\n",
                "hg-cmdserver 1\nlistener 3 inherited blocking\nworker 1\n",
                "hg-cmdserver 1\nlistener 3 inherited blocking\nworker 1 ASLEEP 1 1 1 1 1\n",
                "hg-cmdserver 1\nlistener 3 inherited blocking\nleftover all\n",
                "hg-cmdserver 1\nlistener.control 3 inherited blocking\n",
                "hg-cmdserver 1\nlistener 3 inherited blocking\nline 5 -1\n",
            })
    void nonsenseIsRefused(String text) {
        assertThatThrownBy(() -> Handover.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("it");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "worker|has no PEER-PID",
                "worker 1 ASLEEP 1 1 1 1 1|has the STATE \"ASLEEP\", which is none",
                "worker 0 SERVING 1 1 1 1 1|has the PID \"0\", which is no process",
                "worker 1 SERVING soon 1 1 1 1|has the SINCE \"soon\", which is no number",
                "worker 1 SERVING 1 -2 1 1 1|has the CONNECTION-FD \"-2\", which is no descriptor",
                "leftover 99999999999|has the PID \"99999999999\", which is no process",
                "waiting -1|has the FD \"-1\", which is no descriptor",
                "line 5|has no FD",
                "connections|has no NUMBER-SO-FAR",
                "listener.control 4|has no DESCRIPTION",
            })
    void errorNamesTheLineAndWhatIsWrong(String line, String what) {
        String text = "hg-cmdserver 1\nlistener 3 inherited blocking\n" + line + "\n";
        assertThatThrownBy(() -> Handover.parse(text))
                .hasMessage("its line 3, \"" + line + "\", " + what);
    }

    @Test
    void errorQuotesNeitherMuchNorControlCharacters() {
        String text = "hg-cmdserver 1\nleftover \033[2J" + "x".repeat(1000);
        assertThatThrownBy(() -> Handover.parse(text))
                .hasMessageStartingWith("its line 2, \"leftover ?[2Jxxx")
                .message()
                .hasSizeLessThan(200);
    }

    @Test
    void descriptorHasOneOwner() {
        String text = "hg-cmdserver 1\nlistener 3 inherited blocking\nwaiting 5\nwaiting 3\n";
        assertThatThrownBy(() -> Handover.parse(text))
                .hasMessage("it names the descriptor 3 twice");
    }
}
