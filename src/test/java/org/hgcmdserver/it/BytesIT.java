package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PlatformString;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Arguments, directories and variables are bytes, which no locale changes. A shell starts all
 * programs, since Java passes on only what its own locale can encode.
 */
class BytesIT {

    /** A name in UTF-8, and one that is not. */
    private static final List<String> NAMES = List.of("\\303\\274", "caf\\351");

    private static final List<String> LOCALES = List.of("C", "C.UTF-8");

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "x", "first");
    }

    /** Runs the script in the directory; $name is the name, $P the program, $A the address. */
    private Processes.Result shell(String locale, String name, Path address, String script)
            throws Exception {
        return Processes.run(
                directory,
                "env",
                "LC_ALL=" + locale,
                "P=" + Daemon.PROGRAM,
                "A=" + address,
                "sh",
                "-c",
                "set -e; name=$(printf '" + name + "'); " + script);
    }

    @Test
    @RunsOnce
    void argumentsOfACommand() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            for (String locale : LOCALES) {
                Files.writeString(repository.path().resolve("a"), locale);
                String wrong =
                        """
                        cd repository; s=0
                        "$P" run --no-chg --address "$A" -- commit -m "$name" 2>../err || s=$?
                        test $s = 255 && grep -qa "abort: decoding near 'caf" ../err
                        """;
                shell(locale, NAMES.get(1), daemon.address(), wrong).succeeded(); // as with hg
                String right =
                        "cd repository; exec \"$P\" run --no-chg --address \"$A\" -- commit -m \"$name\"";
                shell(locale, NAMES.get(0), daemon.address(), right).succeeded();
                assertThat(repository.hg("log", "-l1", "-T", "{desc}").out()).isEqualTo("\u00fc");
            }
            daemon.stop();
        }
    }

    @Test
    @RunsOnce
    void directories() throws Exception {
        try (Daemon daemon = Daemon.start(directory)) {
            for (String locale : LOCALES) {
                for (String name : NAMES) {
                    String script =
                            """
                            mkdir -p "$name/sub"; cd "$name"; here=$PWD; hg init
                            echo x >"$name"; "$P" run --no-chg --address "$A" -- add --quiet "$name"
                            test "$("$P" run --no-chg --address "$A" -- status)" = "A $name"
                            cd ..
                            test "$("$P" run --no-chg --address "$A" -- --cwd "$name/sub" root)" = "$here"
                            test "$("$P" run --no-chg --address "$A" -- root "--cwd=$name")" = "$here"
                            rm -r "$name"
                            """;
                    shell(locale, name, daemon.address(), script).succeeded();
                }
            }
            daemon.stop();
        }
    }

    /** A reload uses the same bytes for the launcher, all arguments and the socket. */
    @Test
    void thoseOfTheDaemon() throws Exception {
        theDaemonIn("C", NAMES.get(0));
        theDaemonIn("C.UTF-8", NAMES.get(1));
    }

    private void theDaemonIn(String locale, String name) throws Exception {
        // a directory of that name holds everything that the daemon's arguments name
        String prepare =
                """
                mkdir "$name"; cp -r repository "$name/$name"; mkdir "$name/tmp"
                ln -s "$P" "$name/program"; ln -s "$(command -v hg)" "$name/hg"
                echo "repository = $PWD/repository" >"$name/conf"
                """;
        shell(locale, name, directory, prepare).succeeded();
        String start =
                """
                export LC_ALL=%s; name=$(printf '%s'); cd "$name"; export TMPDIR="$PWD/tmp"
                exec "$PWD/program" serve --debug --workers %s --address "$name.s" -R "$PWD/$name" \\
                    --hg "$PWD/hg" --config-file "$PWD/conf"
                """
                        .formatted(locale, name, Daemon.WORKERS);
        String own = directory + "/" + unescaped(name);
        Path address = PlatformPath.of(own + "/" + unescaped(name) + ".s");
        String root =
                """
                cd "$name"; test "$("$P" run --server-directory --address "$name.s" -- root)" = "$PWD/$name"
                """;
        try (Daemon daemon =
                Daemon.launch(directory, address, env -> {}, List.of("sh", "-c", start))) {
            daemon.awaitLog("listening at");
            if (Daemon.PREFORK) {
                Prefork.awaitIdle(daemon, 1);
            }
            assertThat(Files.exists(address)).isTrue();
            shell(locale, name, directory, root).succeeded();
            ReloadIT.reload(daemon);
            shell(locale, name, directory, root).succeeded();
            daemon.stop();
            assertThat(Files.exists(address)).as("the path of the socket").isFalse();
            assertThat(daemon.log()).doesNotContain(" warn ");
        }
        shell(locale, name, directory, "rm -r \"$name\"").succeeded();
    }

    private static String unescaped(String name) {
        byte[] bytes = new byte[name.length()];
        int length = 0;
        for (int i = 0; i < name.length(); i++) {
            boolean escape = name.charAt(i) == '\\';
            bytes[length++] =
                    (byte)
                            (escape
                                    ? Integer.parseInt(name.substring(i + 1, i + 4), 8)
                                    : name.charAt(i));
            i += escape ? 3 : 0;
        }
        return PlatformString.decode(java.util.Arrays.copyOf(bytes, length));
    }

    /** A path that is too long for sockaddr_un. */
    @Test
    @RunsOnce
    void longAddress() throws Exception {
        String start =
                """
                name=$(printf '%s'); for i in 1 2 3 4 5 6 7 8 9 0; do d="$d$name$name$name$name$name/"; mkdir "$d"; done
                cd "$d"; pwd >"$OLDPWD/where"; exec "$0" serve --debug --workers spawn --address "$name"
                """
                        .formatted(NAMES.get(1));
        try (Daemon daemon =
                Daemon.launch(
                        directory,
                        directory,
                        env -> env.put("LC_ALL", "C"),
                        List.of("sh", "-c", start, Daemon.PROGRAM))) {
            daemon.awaitLog("listening at");
            String version =
                    "mkdir t; export TMPDIR=$PWD/t; cd \"$(cat where)\"; exec \"$P\" run --no-chg --address \"$name\" -- version -q";
            assertThat(shell("C", NAMES.get(1), directory, version).succeeded().out())
                    .startsWith("Mercurial");
            daemon.stop();
        }
    }
}
