package org.hgcmdserver.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of the clients' page, run as printed there. */
@RunsOnce
class ReadmeIT {

    @TempDir Path directory;
    private Repository repository;

    @BeforeEach
    void createRepository() throws Exception {
        repository = Repository.create(directory, "repository").commit("a", "x", "the ü");
    }

    @Test
    void pythonHglib() throws Exception {
        Path script = directory.resolve("example.py");
        Files.writeString(script, example("python"));
        try (Daemon daemon = Daemon.start(directory)) {
            Processes.Result result =
                    Processes.run(
                            directory,
                            "/usr/bin/python3",
                            script.toString(),
                            daemon.address().toString(),
                            repository.toString());
            assertThat(result.succeeded().out()).contains("the ü");
            daemon.stop();
        }
    }

    /** The class of the README's example, through a day's work. */
    @Test
    void pythonHglibDoesADaysWork() throws Exception {
        Path script = directory.resolve("day.py");
        Files.writeString(
                script,
                hglibClient()
                        + """

                        import os
                        address, new = sys.argv[1:3]
                        with SocketClient(address, None) as hg:
                            hg.rawcommand([b'init', os.fsencode(new)])
                        with SocketClient(address, new) as hg:
                            path = os.path.join(new, 'a').encode()
                            open(path, 'w').write('one\\n')
                            assert hg.add([path])
                            rev, node = hg.commit('first ü'.encode(), user=b'me')
                            assert rev == 0, rev
                            open(path, 'w').write('two\\n')
                            assert b'+two' in hg.diff()
                            hg.commit(b'second', user=b'me')
                            assert [r.desc.decode() for r in hg.log()] == ['second', 'first ü']
                            assert hg.update(rev=b'0')[0] == 1
                            assert open(path).read() == 'one\\n'
                            assert hg.cat([path], rev=b'1') == b'two\\n'
                        print('done')
                        """);
        try (Daemon daemon = Daemon.start(directory)) {
            Processes.Result result =
                    Processes.run(
                            directory,
                            "/usr/bin/python3",
                            script.toString(),
                            daemon.address().toString(),
                            directory.resolve("new").toString());
            assertThat(result.succeeded().out()).isEqualTo("done\n");
            daemon.stop();
        }
    }

    @Test
    void java() throws Exception {
        Path source = directory.resolve("Example.java");
        Files.writeString(source, example("java"));
        try (Daemon daemon = Daemon.start(directory)) {
            Processes.Result result =
                    Processes.run(
                            directory,
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-cp",
                            Daemon.DIST.resolve("lib") + "/*",
                            source.toString(),
                            daemon.address().toString(),
                            repository.toString());
            assertThat(result.succeeded().out()).contains("the ü");
            daemon.stop();
        }
    }

    /** The class of the page's example for python-hglib, and its imports. */
    static String hglibClient() throws Exception {
        return example("python").split("\nwith ")[0];
    }

    private static String example(String language) throws Exception {
        String page = Files.readString(Path.of("src/site/markdown/clients.md"));
        Matcher block =
                Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(page);
        assertThat(block.find()).as("clients.md has an example in " + language).isTrue();
        return block.group(1);
    }
}
