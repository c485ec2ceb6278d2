package org.hgcmdserver.reload;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.hgcmdserver.reload.Handover.BusyWorker;

/**
 * For any text from an earlier image: either this image refuses all of it, with the reason, or the
 * text names a listener and single processes, and this image hands on the same.
 */
class HandoverFuzzTest {

    @FuzzTest
    void comesBackOrIsRefused(byte[] data) {
        Handover handover;
        try {
            handover = Handover.parse(new String(data, UTF_8));
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage())
                    .matches("(it begins with|its line \\d+, \"|it names (no|the)) ?.*[a-zA-Z\"]")
                    .hasSizeLessThan(300);
            assertThat(e.getCause()).isNull(); // a sentence of its own, not an exception's
            return;
        }
        assertThat(handover.descriptors()).allMatch(fd -> fd >= 0);
        // kill(2) and waitid(2) take 0 and less for a group, or for every process
        assertThat(handover.leftovers()).allMatch(pid -> pid > 0);
        assertThat(handover.workers()).extracting(BusyWorker::pid).allMatch(pid -> pid > 0);
        Handover again = Handover.parse(handover.toText());
        assertThat(again.toText()).isEqualTo(handover.toText());
        assertThat(again.listener()).isEqualTo(handover.listener());
        assertThat(again.leftovers()).isEqualTo(handover.leftovers());
        assertThat(again.descriptors()).isEqualTo(handover.descriptors());
    }
}
