package org.hgcmdserver.worker;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.List;
import org.hgcmdserver.posix.ManualLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ShortageTest {

    private final Logger logger = (Logger) LoggerFactory.getLogger(Shortage.class);
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private ManualLoop manual;
    private Shortage shortage;
    private int retries;

    @BeforeEach
    void begin() throws Exception {
        manual = new ManualLoop();
        shortage = new Shortage(manual.loop(), "accept connections", () -> retries++);
        appender.start();
        logger.addAppender(appender);
    }

    @AfterEach
    void end() {
        logger.detachAppender(appender);
        manual.close();
    }

    @Test
    void triesAgainAfterAPauseHoweverOftenItFailed() throws Exception {
        shortage.noticed("no descriptor");
        shortage.noticed("no descriptor");
        manual.advance(Duration.ofMillis(999));
        assertThat(retries).isZero();
        manual.advance(Duration.ofMillis(1));
        assertThat(retries).isOne();
        manual.advance(Duration.ofSeconds(5));
        assertThat(retries).as("each failure has one retry").isOne();
    }

    @Test
    void logsItsBeginningAndItsEndOnceEach() throws Exception {
        for (int i = 0; i < 5; i++) { // at the limit failures and successes alternate
            shortage.noticed("no descriptor");
            shortage.over();
            manual.advance(Duration.ofMillis(1500));
        }
        assertThat(messages())
                .containsExactly(
                        "cannot accept connections for now, and will try again: no descriptor");
        manual.advance(Duration.ofSeconds(4));
        assertThat(messages()).hasSize(2).last().isEqualTo("can accept connections again");
        manual.advance(Duration.ofSeconds(10));
        assertThat(messages()).hasSize(2);
    }

    @Test
    void lastsUntilSomethingSucceeds() throws Exception {
        shortage.noticed("no descriptor");
        manual.advance(Duration.ofSeconds(10));
        assertThat(shortage.isPresent()).isTrue();
        assertThat(messages()).hasSize(1);
        shortage.over();
        assertThat(shortage.isPresent()).isFalse();
    }

    private List<String> messages() {
        return appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
