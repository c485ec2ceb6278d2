package org.hgcmdserver.reload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.hgcmdserver.listener.Connection;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.reload.Handover.BusyWorker;
import org.hgcmdserver.worker.Worker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandoverTest {

    private static final Peer PEER = new Peer(1, 1000, 0xffffffffL);

    private static final Handover FULL =
            new Handover(
                    7,
                    "bound 1 2 %2Frun%2Fa+b",
                    4711,
                    List.of(
                            new BusyWorker(100, Worker.State.SERVING, -5, new Connection(9, PEER)),
                            new BusyWorker(101, Worker.State.STARTING, 6, Connection.unknown())),
                    List.of(102, 103));

    @Test
    void comesBackAsItWent() {
        Handover back = Handover.parse(FULL.toText());
        assertThat(back.toText()).isEqualTo(FULL.toText());
        assertThat(back.listener()).isEqualTo("bound 1 2 %2Frun%2Fa+b");
        assertThat(back.connections()).isEqualTo(4711);
        assertThat(back.descriptors()).containsExactly(7, 9);
        assertThat(back.workers().get(0).connection().peer()).isEqualTo(PEER);
        assertThat(back.workers().get(1).connection().hasHandle()).isFalse();
        assertThat(back.leftovers()).containsExactly(102, 103);
    }

    @Test
    void whatALaterImageAddsIsPassedOver() {
        String text = FULL.toText() + "weather fine\n";
        assertThat(Handover.parse(text).toText()).isEqualTo(FULL.toText());
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
            })
    void nonsenseIsRefused(String text) {
        assertThatThrownBy(() -> Handover.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("it");
    }
}
