package org.hgcmdserver.service;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.hgcmdserver.listener.Peer;
import org.hgcmdserver.posix.EventLoop;

/**
 * Logs refused clients: the first one of a user at once, and then once per episode how many have
 * followed, since a client that tries again in a loop would fill the log. Used in the loop's thread
 * only.
 */
final class RefusalLog {

    /** How often at most a line about a user appears after the first one. */
    static final Duration EPISODE = Duration.ofMinutes(1);

    private final EventLoop loop;
    private final Consumer<String> log;

    /** The refusals of a user that the log does not have yet. */
    private static final class Episode {
        private String last;
        private int more;
    }

    private final Map<Long, Episode> episodes = new HashMap<>();

    /**
     * @param log receives each line
     */
    RefusalLog(EventLoop loop, Consumer<String> log) {
        this.loop = loop;
        this.log = log;
    }

    void refused(Peer peer, String reason) {
        String line = "refused %s: %s".formatted(peer, reason);
        Episode episode = episodes.get(peer.uid());
        if (episode == null) {
            log.accept(line);
            episodes.put(peer.uid(), new Episode());
            loop.after(EPISODE, () -> end(peer.uid()));
        } else {
            episode.last = line;
            episode.more++;
        }
    }

    private void end(long uid) {
        Episode episode = episodes.remove(uid);
        if (episode.more > 0) {
            log.accept("%s (%d more in the last minute)".formatted(episode.last, episode.more));
            episodes.put(uid, new Episode());
            loop.after(EPISODE, () -> end(uid));
        }
    }
}
