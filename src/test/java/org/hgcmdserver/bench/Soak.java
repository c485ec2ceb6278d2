package org.hgcmdserver.bench;

import java.io.IOException;

/**
 * Many connections to one server: every answer must be right, and nothing may grow after the first
 * tenth.
 */
final class Soak {

    private final Server server;
    private final TestRepository repository;
    private final Results results;

    Soak(Server server, TestRepository repository, Results results) {
        this.server = server;
        this.repository = repository;
        this.results = results;
    }

    void run(int connections) throws Exception {
        load(connections / 10);
        record("after " + connections / 10);
        load(connections - connections / 10);
        record("after " + connections);
    }

    private void load(int connections) throws Exception {
        Load.connectionsPerSecond(server, repository, results, 4, connections);
    }

    private void record(String when) throws IOException {
        Pause.of(500);
        long daemon = server.process().pid();
        long template = Memory.template(daemon);
        results.add("soak", when, "descriptors of the daemon", Memory.descriptors(daemon));
        results.add("soak", when, "zombies", Memory.zombies(daemon));
        results.add("soak", when, "daemon, private MB", Memory.privateDirty(daemon));
        results.add("soak", when, "descriptors of the template", Memory.descriptors(template));
        results.add("soak", when, "template, private MB", Memory.privateDirty(template));
    }
}
