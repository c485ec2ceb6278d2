package org.hgcmdserver.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Compares whole processes, from their start to their end, as a shell starts them: plain hg, chg
 * with its own server, chg at this daemon, the drop-in hg, and the Java client. Prints tables,
 * writes target/benchmark/programs.json and programs.svg, and exits with status 1 after a wrong
 * answer.
 */
public final class ProgramBenchmark {

    static final String HG = "hg";
    static final String CHG = "chg, own server";
    static final String CHG_HERE = "chg, this daemon";
    static final String DROP_IN = "drop-in hg";
    static final String JAVA = "run --no-chg";

    private static final List<String> PROGRAMS = List.of(HG, CHG, CHG_HERE, DROP_IN);

    /** A JVM for each command takes both processors from the servers that prepare the next one. */
    private static final List<String> WITH_JAVA = List.of(HG, CHG, CHG_HERE, DROP_IN, JAVA);

    /** Both servers have loaded them ahead. */
    private static final List<String> EXTENSIONS =
            List.of(
                    "blackbox",
                    "churn",
                    "extdiff",
                    "histedit",
                    "journal",
                    "mq",
                    "patchbomb",
                    "purge",
                    "rebase",
                    "share",
                    "shelve",
                    "transplant");

    /** This daemon's workers load extensions for each command if this is one of them. */
    private static final String NOT_AHEAD = "schemes";

    private static final int WARM_UP = 3;

    /** Environments between which a round changes. */
    private static final int ENVIRONMENTS = 5;

    /** Stands for an environment that no server has seen. */
    private static final String FRESH = "fresh";

    /** Of them, since chg leaves a server for each. */
    private static final int MAX_FRESH = 10;

    private final Path directory;
    private final Path dist;
    private final int rounds;
    private final Results results = new Results();
    private final Random order = new Random(5);
    private int fresh;

    private ProgramBenchmark(Path directory, Path dist, int rounds) {
        this.directory = directory;
        this.dist = dist;
        this.rounds = rounds;
    }

    /**
     * @param arguments the installed tree; then, optionally, the rounds for each figure
     */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 30;
        Path directory =
                Files.createTempDirectory(
                        "benchmark",
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------"))); // chg demands it
        ProgramBenchmark benchmark = new ProgramBenchmark(directory, Path.of(arguments[0]), rounds);
        benchmark.run();
        Path out = Files.createDirectories(Path.of("target/benchmark"));
        benchmark.results.write(out.resolve("programs.json"));
        Chart.write(
                out.resolve("programs.svg"),
                "One command, the whole process: median, in milliseconds",
                List.of(HG, CHG, CHG_HERE),
                benchmark.results.section(Results.LATENCY));
        System.exit(benchmark.results.wrongAnswers() == 0 ? 0 : 1);
    }

    private void run() throws Exception {
        TestRepository repository = TestRepository.create(directory.resolve("r"), 50);
        Files.createDirectories(directory.resolve("home"));
        Path socket = directory.resolve("server.sock");
        String daemon = dist.resolve("bin/hg-cmdserver").toString();
        List<String> serve = List.of(daemon, "serve", "--quiet", "--address", socket.toString());
        try (Server server = Server.start("daemon", socket, serve)) {
            server.awaitChildren(3); // the template and two workers
            measureNothing();
            for (Map.Entry<String, List<String>> request : repository.requests().entrySet()) {
                if (!request.getValue().isEmpty()) {
                    String answer = repository.answer(request.getKey());
                    boolean first = request.getKey().startsWith("log");
                    measure(
                            first ? WITH_JAVA : PROGRAMS,
                            request.getKey(),
                            request.getValue(),
                            answer,
                            List.of(""));
                }
            }
            List<String> alias = List.of("--config", "alias.t=!true", "t");
            measure(PROGRAMS, "an alias, !true", alias, "", List.of(""));
            String dozen = "log, %d extensions".formatted(EXTENSIONS.size());
            measureLog(repository, dozen, EXTENSIONS);
            List<String> more = new ArrayList<>(EXTENSIONS);
            more.add(NOT_AHEAD);
            measureLog(repository, "log, they and " + NOT_AHEAD, more);
            List<String> environments = new ArrayList<>();
            for (int i = 1; i <= ENVIRONMENTS; i++) {
                environments.add("TZ=UTC+" + i);
            }
            List<String> status = repository.requests().get("status");
            String clean = repository.answer("status");
            measure(PROGRAMS, ENVIRONMENTS + " environments in turn", status, clean, environments);
            measure(PROGRAMS, "the first of an environment", status, clean, List.of(FRESH));
        } finally {
            stopServersOfChg();
        }
    }

    private void measureLog(TestRepository repository, String what, List<String> extensions)
            throws Exception {
        String lines = String.join(" =\n", extensions) + " =\n";
        Path file = directory.resolve("extensions%d.rc".formatted(extensions.size()));
        Files.writeString(file, "[extensions]\n" + lines);
        measure(
                PROGRAMS,
                what,
                repository.requests().get("log -l1"),
                repository.answer("log -l1"),
                List.of("HGRCPATH=" + file));
    }

    /** What the measurement itself costs: a program that does nothing. */
    private void measureNothing() throws Exception {
        Samples samples = new Samples();
        for (int i = 0; i < WARM_UP + rounds; i++) {
            Pause.of(150);
            long start = System.nanoTime();
            output(new ProcessBuilder("true"));
            if (i >= WARM_UP) {
                samples.add(System.nanoTime() - start);
            }
        }
        System.out.printf("a program that does nothing: %.2f ms%n", samples.median());
    }

    private static String output(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes());
        process.waitFor();
        return output;
    }

    private void measure(
            List<String> programs,
            String what,
            List<String> command,
            String answer,
            List<String> environments)
            throws Exception {
        Map<String, Samples> samples = new LinkedHashMap<>();
        programs.forEach(program -> samples.put(program, new Samples()));
        int times = environments.contains(FRESH) ? Math.min(MAX_FRESH, rounds) : rounds;
        for (int i = 0; i < WARM_UP + times; i++) {
            for (String environment : environments) {
                List<String> turn = new ArrayList<>(programs);
                Collections.shuffle(turn, order);
                for (String program : turn) {
                    String variable =
                            environment.equals(FRESH) ? "LC_FRESH" + fresh++ + "=1" : environment;
                    long nanos = time(program, command, variable, answer);
                    if (i >= WARM_UP) {
                        samples.get(program).add(nanos);
                    }
                }
            }
        }
        results.latency(what, samples, HG);
        double ratio = samples.get(CHG_HERE).median() / samples.get(CHG).median();
        System.out.printf("%-20s %28.2f%n", "this / chg's own", ratio);
        double dropIn = samples.get(DROP_IN).median() - samples.get(CHG_HERE).median();
        System.out.printf("%-20s %25.1f ms%n", "drop-in more than chg", dropIn);
    }

    private long time(String program, List<String> command, String variable, String answer)
            throws IOException, InterruptedException {
        // the servers still work when a client has left; see ServerBenchmark
        Pause.of(150);
        String socket = directory.resolve("server.sock").toString();
        List<String> words = new ArrayList<>();
        Map<String, String> set = new LinkedHashMap<>();
        switch (program) {
            case HG -> words.add("hg");
            case CHG -> {
                words.add("chg");
                set.put("CHGSOCKNAME", directory.resolve("own").toString());
            }
            case CHG_HERE -> {
                words.add("chg");
                set.put("CHGSOCKNAME", socket);
            }
            case DROP_IN -> {
                words.add(dist.resolve("libexec/hg").toString());
                set.put("HG_CMDSERVER_SOCKET", socket);
            }
            default -> {
                words.add(dist.resolve("bin/hg-cmdserver").toString());
                words.addAll(List.of("run", "--no-chg", "--address", socket, "--"));
            }
        }
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.put("HGPLAIN", "1");
        environment.put("HGENCODING", "UTF-8");
        environment.put("HOME", directory.resolve("home").toString());
        environment.putAll(set);
        if (!variable.isEmpty()) {
            String[] pair = variable.split("=", 2);
            environment.put(pair[0], pair[1]);
        }
        long start = System.nanoTime();
        String output = output(builder);
        long nanos = System.nanoTime() - start;
        results.check(program, String.join(" ", command), output, answer);
        return nanos;
    }

    /** They end when their sockets are gone. */
    private void stopServersOfChg() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                if (file.getFileName().toString().startsWith("own")) {
                    Files.delete(file);
                }
            }
        }
    }
}
