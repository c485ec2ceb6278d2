package org.hgcmdserver.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.ManualLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RefusalLogTest {

    private final List<String> lines = new ArrayList<>();
    private ManualLoop manual;
    private RefusalLog refusals;

    @BeforeEach
    void open() throws IOException {
        manual = new ManualLoop();
        refusals = new RefusalLog(manual.loop(), lines::add);
    }

    @AfterEach
    void close() {
        manual.close();
    }

    private void refuse(int uid, int times) {
        for (int i = 0; i < times; i++) {
            refusals.refused(new Peer(100 + i, uid, uid), "no");
        }
    }

    @Test
    void oneLinePerUserAndEpisode() throws IOException {
        refuse(1000, 10_000);
        refuse(1001, 1);
        assertThat(lines).hasSize(2);
        manual.advance(RefusalLog.EPISODE);
        assertThat(lines).hasSize(3);
        assertThat(lines.get(2)).contains("1000").endsWith("(9999 more in the last minute)");
    }

    @Test
    void nextEpisodeBeginsAtOnceAfterAQuietOne() throws IOException {
        refuse(1000, 2);
        manual.advance(RefusalLog.EPISODE.multipliedBy(2));
        assertThat(lines).hasSize(2);
        refuse(1000, 1);
        assertThat(lines).hasSize(3);
    }

    @Test
    void persistentClientHasALineInEachEpisode() throws IOException {
        for (int episode = 0; episode < 5; episode++) {
            refuse(1000, 100);
            manual.advance(RefusalLog.EPISODE);
        }
        assertThat(lines).hasSize(6);
    }
}
