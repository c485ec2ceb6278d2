package org.hgcmdserver.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Clients that repeatedly connect, run a log, and leave. */
final class Load {

    private Load() {}

    static double connectionsPerSecond(
            Server server, TestRepository repository, Results results, int clients, int connections)
            throws Exception {
        AtomicInteger left = new AtomicInteger(connections);
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            Callable<Void> client =
                    () -> {
                        while (left.getAndDecrement() > 0) {
                            try (Connection connection = new Connection(server)) {
                                String request = "log -l1";
                                String answer = connection.run(repository.requests().get(request));
                                results.check(
                                        server.name(), request, answer, repository.answer(request));
                            }
                        }
                        return null;
                    };
            List<Callable<Void>> all = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                all.add(client);
            }
            long start = System.nanoTime();
            for (Future<Void> done : threads.invokeAll(all)) {
                try {
                    done.get();
                } catch (java.util.concurrent.ExecutionException e) {
                    // hg's own server loses connections when its loader thread is at work in a fork
                    results.lost(server.name(), e.getCause());
                }
            }
            return connections / ((System.nanoTime() - start) / 1e9);
        } finally {
            threads.shutdown();
        }
    }
}
