package org.hgcmdserver.documents;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.hgcmdserver.cli.PicocliModel;
import picocli.CommandLine;

/**
 * Writes the configuration file, the man pages, the pages of packages, the completions for shells,
 * and Debian's changelog. Called by the build: TEMPLATES OUTPUT VERSION DATE.
 */
public final class Documents {

    private static final String NAME = "hg-cmdserver";

    /** The pages that only the tar archive has. */
    private static final List<String> MORE_PAGES =
            List.of("src/site/markdown/macos.md", "src/site/markdown/tarball.md");

    /** The pages that packages install. */
    private static final List<String> PAGES =
            List.of(
                    "README.md",
                    ".github/SECURITY.md",
                    "packaging/NEWS.md",
                    "src/site/markdown/administration.md",
                    "src/site/markdown/clients.md");

    private final CommandLine program = PicocliModel.commandLine();
    private final Path output;

    private Documents(Path output) {
        this.output = output;
    }

    public static void main(String[] arguments) throws IOException {
        Path templates = Path.of(arguments[0]);
        Documents documents = new Documents(Path.of(arguments[1]));
        Files.createDirectories(documents.output);
        documents.writeConfiguration();
        documents.writeManuals(templates, arguments[2], arguments[3].substring(0, 10));
        documents.writeCompletions();
        Path checkout = templates.resolve("../..");
        documents.writePages(checkout, PAGES, "pages");
        List<String> all = new ArrayList<>(PAGES);
        all.addAll(MORE_PAGES);
        documents.writePages(checkout, all, "pages-of-tar");
        documents.writeChangelog(templates.resolveSibling("deb/changelog"), arguments[2]);
    }

    private void writeConfiguration() throws IOException {
        Files.writeString(output.resolve(NAME + ".conf"), ConfigurationFile.of(program));
    }

    private void writeManuals(Path templates, String version, String date) throws IOException {
        ManualPage manual = new ManualPage(program, version, date);
        for (String name : new String[] {NAME + ".8", NAME + "-run.1", NAME + ".conf.5"}) {
            String page = manual.fill(Files.readString(templates.resolve(name)));
            Files.write(output.resolve(name + ".gz"), compress(page));
        }
    }

    private void writePages(Path checkout, List<String> sources, String name) throws IOException {
        Map<String, String> pages = new TreeMap<>();
        for (String page : sources) {
            pages.put(Path.of(page).getFileName().toString(), page);
        }
        Path directory = Files.createDirectories(output.resolve(name));
        for (Map.Entry<String, String> page : pages.entrySet()) {
            String text = Files.readString(checkout.resolve(page.getValue()));
            Files.writeString(
                    directory.resolve(page.getKey()), PackagedPage.of(text, pages.keySet()));
        }
    }

    private void writeCompletions() throws IOException {
        Files.writeString(output.resolve(NAME + ".bash"), new BashCompletion(program).script());
        Files.writeString(output.resolve(NAME + ".fish"), new FishCompletion(program).script());
        Files.writeString(output.resolve("_" + NAME), new ZshCompletion(program).script());
    }

    private void writeChangelog(Path changelog, String version) throws IOException {
        String text = Files.readString(changelog);
        if (!text.startsWith(NAME + " (" + version.replaceFirst("-SNAPSHOT$", "~SNAPSHOT") + ")")) {
            throw new IOException(
                    changelog + " has no entry for " + version + "; add one at the top");
        }
        Files.write(output.resolve("changelog.gz"), compress(text));
    }

    /** Like gzip -9n: the same bytes each time, and a header that names the best compression. */
    private static byte[] compress(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new BestGzip(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        byte[] file = bytes.toByteArray();
        file[8] = 2; // RFC 1952, XFL: the slowest algorithm
        file[9] = 3; // OS: Unix
        return file;
    }

    private static final class BestGzip extends GZIPOutputStream {
        BestGzip(ByteArrayOutputStream out) throws IOException {
            super(out);
            def.setLevel(Deflater.BEST_COMPRESSION);
        }
    }
}
