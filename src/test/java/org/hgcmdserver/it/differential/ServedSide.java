package org.hgcmdserver.it.differential;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs a sequence through the daemon, and compares the result with plain hg's. Forked workers
 * answer one query each, since they take over what the template has kept. A spawned worker, which
 * begins with nothing, answers all queries after a step: only a later command can see what an
 * earlier one has left.
 */
final class ServedSide {

    private final Side side;
    private final Connections connections;
    private final Statistics statistics;
    private final boolean preforking;

    ServedSide(Side side, Connections connections, Statistics statistics, boolean preforking) {
        this.side = side;
        this.connections = connections;
        this.statistics = statistics;
        this.preforking = preforking;
    }

    /**
     * @param schedule the steps of the trace, in any schedule, possibly with further steps
     * @return the first difference, or null
     */
    Difference run(Trace trace, Sequence schedule) throws IOException {
        for (int i = 0; i < trace.steps().size(); i++) {
            Step step = schedule.steps().get(i);
            Trace.Done done = trace.steps().get(i);
            pause(step.pause());
            Answer answer = perform(step, done.words());
            statistics.count(step, answer);
            if (!answer.equals(done.answer())) {
                return new Difference(i, null, step.toString(), done.answer(), answer, "");
            }
            Difference difference = ask(i, step, done.state());
            if (difference != null) {
                return difference;
            }
        }
        return compareEnd(trace.steps().size(), trace.end());
    }

    private Answer perform(Step step, List<String> words) throws IOException {
        if (step.changesUser()) {
            connections.close(); // a connection keeps the user's configuration of its start
        }
        if (step.changesFiles()) {
            return side.change(words);
        }
        Path directory = side.directory(step.where());
        List<String> command = Query.in(directory.toString(), words);
        return switch (step.via()) {
            case OWN -> connections.own(command, side.root());
            case KEPT -> connections.kept(command, side.root());
            case BESIDE ->
                    connections.beside(
                            command,
                            side.root(),
                            side.directory(step.where().equals(".") ? "repo" : step.where()));
            case CHG ->
                    PlainHg.isChgThere()
                            ? byChg(directory, words)
                            : connections.own(command, side.root());
            case PLAIN -> side.hg().run(directory, words);
        };
    }

    private Answer byChg(Path directory, List<String> words) throws IOException {
        statistics.countByChg();
        return side.hg().runByChg(connections.address(), directory, words);
    }

    private Difference ask(int i, Step step, Map<String, Answer> state) throws IOException {
        try (Connections asking = connections.others()) {
            return ask(i, step, state, asking);
        }
    }

    private Difference ask(int i, Step step, Map<String, Answer> state, Connections asking)
            throws IOException {
        for (String repository : side.touched(step)) {
            for (Query query : Query.ALL) {
                Answer expected = state.get(Side.name(query, repository));
                if (!step.asks(query) || expected == null) {
                    continue;
                }
                Answer answer =
                        step.via() == Via.KEPT
                                ? askKept(query, repository, connections)
                                : ask(query, repository, asking);
                if (!answer.equals(expected)) {
                    return difference(i, query, repository, expected, answer);
                }
            }
        }
        return null;
    }

    private Answer ask(Query query, String repository, Connections asking) throws IOException {
        if (!preforking) {
            return askKept(query, repository, asking);
        }
        statistics.countQuery();
        return asking.own(command(query, repository), side.root());
    }

    private Answer askKept(Query query, String repository, Connections asking) throws IOException {
        statistics.countQuery();
        return asking.kept(command(query, repository), side.root());
    }

    private List<String> command(Query query, String repository) {
        return Query.in(side.directory(repository).toString(), query.command());
    }

    /** Asks the daemon, and plain hg on the daemon's side. */
    private Difference compareEnd(int end, Map<String, Answer> expected) throws IOException {
        try (Connections asking = connections.others()) {
            Difference difference = compareEnd(end, expected, asking);
            if (difference != null) {
                return difference;
            }
        }
        Map<String, Answer> plain = side.ask(Query.END, side.repositories());
        for (Map.Entry<String, Answer> each : plain.entrySet()) {
            Answer wanted = expected.get(each.getKey());
            if (!each.getValue().equals(wanted)) {
                String what = "what plain hg finds: " + each.getKey();
                return new Difference(end, each.getKey(), what, wanted, each.getValue(), "");
            }
        }
        return null;
    }

    private Difference compareEnd(int end, Map<String, Answer> expected, Connections asking)
            throws IOException {
        for (String repository : side.repositories()) {
            for (Query query : Query.END) {
                Answer answer = ask(query, repository, asking);
                Answer wanted = expected.get(Side.name(query, repository));
                if (!answer.equals(wanted)) {
                    return difference(end, query, repository, wanted, answer);
                }
            }
        }
        return null;
    }

    /** Adds the answer of a moment later, which shows the kind of fault. */
    private Difference difference(
            int i, Query query, String repository, Answer expected, Answer answer)
            throws IOException {
        statistics.countQuery();
        Answer again = connections.own(command(query, repository), side.root());
        Answer plain = side.hg().run(side.directory(repository), query.command());
        String more =
                "asked again, the daemon %s; plain hg on its repository %s%n"
                        .formatted(
                                compared(again, expected, answer),
                                compared(plain, expected, answer));
        String what = "the query " + Words.join(query.command()) + " in " + repository;
        return new Difference(i, Side.name(query, repository), what, expected, answer, more);
    }

    private static String compared(Answer answer, Answer expected, Answer seen) {
        if (answer.equals(expected)) {
            return "is right";
        }
        return answer.equals(seen) ? "says the same" : "says:\n" + answer;
    }

    /** Schedules differ in their pauses, which wait for no event. */
    private static void pause(int milliseconds) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
