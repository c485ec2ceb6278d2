package org.hgcmdserver.it.differential;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs sequences with plain hg. */
final class PlainSide {

    private static final Pattern REVSET = Pattern.compile("%([^%\n]+)%");

    private final Path directory;
    private final Map<String, String> environment;
    private final Bases bases;
    private final AtomicInteger count = new AtomicInteger();

    PlainSide(Path directory, Map<String, String> environment, Bases bases) {
        this.directory = directory;
        this.environment = environment;
        this.bases = bases;
    }

    /**
     * Runs the sequence up to the step that leaves a working directory whose parent is gone: later
     * results depend on the second.
     */
    Trace trace(Sequence sequence) throws IOException {
        // the same length as the other side's path: Mercurial may cut lines at a length
        Path root = directory.resolve("run%06d/plain".formatted(count.incrementAndGet()));
        Path home = Files.createDirectories(root.resolve("home"));
        Files.writeString(home.resolve(".hgrc"), Bases.CONFIGURATION);
        bases.copy(sequence.revisions(), root);
        Side side = new Side(root, home, environment);
        List<Trace.Done> done = new ArrayList<>();
        for (Step step : sequence.steps()) {
            List<String> words = resolved(side, step);
            Answer answer =
                    step.changesFiles()
                            ? side.change(words)
                            : side.hg().run(side.directory(step.where()), words);
            List<String> touched = side.touched(step);
            boolean parentMayGo = touched.size() > 1;
            List<Query> queries =
                    Query.ALL.stream()
                            .filter(query -> step.asks(query) || parentMayGo && query.isStatus())
                            .toList();
            Map<String, Answer> state = side.ask(queries, touched);
            done.add(new Trace.Done(words, answer, state));
            if (state.values().stream().anyMatch(Answer::isOfUnknownParent)) {
                break;
            }
        }
        Map<String, Answer> end = side.ask(Query.END, side.repositories());
        side.delete();
        return new Trace(sequence.first(done.size()), done, end);
    }

    private static List<String> resolved(Side side, Step step) throws IOException {
        List<String> resolved = new ArrayList<>();
        for (String word : step.words()) {
            Matcher revset = REVSET.matcher(word);
            StringBuilder text = new StringBuilder();
            while (revset.find()) {
                Path repository = side.directory(step.changesFiles() ? "repo" : step.where());
                String last = "last(" + revset.group(1) + ")";
                List<String> log = List.of("log", "--hidden", "-r", last, "-T", "{node}");
                String node = side.hg().run(repository, log).out();
                revset.appendReplacement(text, node.isEmpty() ? "f".repeat(40) : node);
            }
            resolved.add(revset.appendTail(text).toString());
        }
        return resolved;
    }
}
