package org.hgcmdserver.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The memory of processes, from /proc (proc(5): smaps_rollup), in MB. */
final class Memory {

    private Memory() {}

    /** PSS of the daemon, its template and its idle workers. */
    static void measure(Server server, Results results) throws Exception {
        Pause.of(500); // the workers forked last rehearse
        long daemon = server.process().pid();
        List<Long> children = children(daemon);
        double jvm = pss(daemon);
        double template = 0;
        double workers = 0;
        double largest = 0;
        int count = 0;
        long forking = template(daemon);
        for (long child : children) {
            double pss = pss(child);
            if (child == forking) {
                template = pss;
            } else {
                workers += pss;
                largest = Math.max(largest, pss);
                count++;
            }
        }
        results.add("memory", server.name(), "daemon (JVM)", jvm);
        results.add("memory", server.name(), "template", template);
        results.add("memory", server.name(), "idle workers", count);
        results.add("memory", server.name(), "an idle worker, at most", largest);
        results.add("memory", server.name(), "all", jvm + template + workers);
    }

    /** The daemon's oldest child by start time, since the kernel reuses pids. */
    static long template(long daemon) throws IOException {
        Map<Long, Long> starts = new HashMap<>(); // field starttime in proc(5)
        for (long child : children(daemon)) {
            String[] stat = stat(Path.of("/proc/" + child));
            if (stat.length > 19) {
                starts.put(child, Long.parseLong(stat[19]));
            }
        }
        return starts.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow().getKey();
    }

    static double pss(long pid) throws IOException {
        return kilobytes(pid, "Pss") / 1024.0;
    }

    /**
     * The pages that only this process has written to: other processes that share the rest do not
     * change the figure.
     */
    static double privateDirty(long pid) throws IOException {
        return kilobytes(pid, "Private_Dirty") / 1024.0;
    }

    private static long kilobytes(long pid, String name) throws IOException {
        String rollup = Files.readString(Path.of("/proc/" + pid + "/smaps_rollup"));
        Matcher line =
                Pattern.compile("^" + name + ":\\s+(\\d+)", Pattern.MULTILINE).matcher(rollup);
        if (!line.find()) {
            throw new IOException("no " + name + " of process " + pid);
        }
        return Long.parseLong(line.group(1));
    }

    static int descriptors(long pid) {
        String[] open = Path.of("/proc/" + pid + "/fd").toFile().list();
        return open == null ? 0 : open.length;
    }

    /** The children of a process, including zombies. */
    static List<Long> children(long parent) throws IOException {
        List<Long> children = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path path : (Iterable<Path>) all::iterator) {
                String name = path.getFileName().toString();
                String[] stat = name.matches("\\d+") ? stat(path) : new String[0];
                if (stat.length > 1 && stat[1].equals("" + parent)) { // empty if just gone
                    children.add(Long.parseLong(name));
                }
            }
        }
        return children;
    }

    static long zombies(long parent) throws IOException {
        long zombies = 0;
        for (long child : children(parent)) {
            String[] stat = stat(Path.of("/proc/" + child));
            if (stat.length > 0 && stat[0].equals("Z")) {
                zombies++;
            }
        }
        return zombies;
    }

    private static String[] stat(Path process) {
        try {
            String stat = Files.readString(process.resolve("stat"));
            return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        } catch (IOException gone) {
            return new String[0];
        }
    }
}
