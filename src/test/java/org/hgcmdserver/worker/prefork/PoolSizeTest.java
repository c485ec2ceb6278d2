package org.hgcmdserver.worker.prefork;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PoolSizeTest {

    private long now = 1_000_000;
    private final PoolSize size = new PoolSize(2, 8, now);

    private void pass(Duration time) {
        now += time.toNanos();
    }

    @Test
    void beginsWithTheMinimum() {
        assertThat(size.toFork(0, 0, now)).isEqualTo(2);
        assertThat(size.toFork(1, 0, now)).isEqualTo(1);
        assertThat(size.toFork(2, 0, now)).isZero();
    }

    @Test
    void oneThatWasTakenIsReplacedAfterThePause() {
        size.taken(now);
        assertThat(size.toFork(1, 0, now)).isZero();
        assertThat(size.untilRefill(1, now)).contains(PoolSize.PAUSE);
        pass(PoolSize.PAUSE);
        assertThat(size.toFork(1, 0, now)).isEqualTo(1);
    }

    @Test
    void workersThatDoNotRehearseAreReplacedLater() {
        size.rehearsing(false);
        size.taken(now);
        pass(PoolSize.PAUSE);
        assertThat(size.toFork(1, 0, now)).isZero();
        assertThat(size.untilRefill(1, now))
                .contains(PoolSize.PAUSE_WITHOUT_REHEARSALS.minus(PoolSize.PAUSE));
        size.ended(now);
        assertThat(size.toFork(1, 0, now)).isEqualTo(1);
        size.rehearsing(true);
        size.taken(now);
        assertThat(size.untilRefill(1, now)).contains(PoolSize.PAUSE);
    }

    @Test
    void orWhenAWorkerEnds() {
        size.taken(now);
        size.ended(now);
        assertThat(size.toFork(1, 0, now)).isEqualTo(1);
    }

    @Test
    void orAtOnceIfItWasTheLast() {
        size.taken(now);
        assertThat(size.toFork(0, 0, now)).isEqualTo(2);
    }

    @Test
    void whoWaitsComesFirstWhateverTheMaximum() {
        size.missed(now);
        assertThat(size.toFork(0, 20, now)).isGreaterThanOrEqualTo(20);
        // workers that are being forked are for the clients that wait
        assertThat(size.toFork(20, 20, now)).isZero();
        assertThat(size.toFork(15, 20, now)).isEqualTo(5);
    }

    @Test
    void growsWithDemandUpToTheMaximum() {
        size.missed(now);
        pass(PoolSize.PAUSE);
        assertThat(size.toFork(0, 0, now)).isEqualTo(4);
        size.missed(now);
        size.missed(now);
        size.missed(now);
        pass(PoolSize.PAUSE);
        assertThat(size.toFork(0, 0, now)).isEqualTo(8);
    }

    @Test
    void shrinksByOneInEachQuietWhile() {
        size.missed(now);
        assertThat(size.toRetire(4, now)).isZero();
        pass(PoolSize.QUIET);
        assertThat(size.toRetire(4, now)).isEqualTo(1);
        assertThat(size.toRetire(3, now)).isZero();
        pass(PoolSize.QUIET.multipliedBy(100));
        assertThat(size.toRetire(3, now)).isEqualTo(1);
        assertThat(size.toRetire(2, now)).as("the minimum stays").isZero();
    }

    @Test
    void demandEndsTheQuiet() {
        size.missed(now);
        pass(PoolSize.QUIET.dividedBy(2));
        size.missed(now);
        pass(PoolSize.QUIET.dividedBy(2));
        assertThat(size.toRetire(8, now)).isZero();
    }

    @Test
    void minimumOfNoneForksOnlyForWhoWaits() {
        PoolSize none = new PoolSize(0, 0, now);
        assertThat(none.toFork(0, 0, now)).isZero();
        none.missed(now);
        assertThat(none.toFork(0, 1, now)).isEqualTo(1);
        assertThat(none.untilRefill(0, now)).isEmpty();
    }

    @Test
    void nothingIsDueWhenEnoughAreThere() {
        assertThat(size.untilRefill(2, now)).isEmpty();
    }
}
