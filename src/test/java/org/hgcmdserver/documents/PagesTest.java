package org.hgcmdserver.documents;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages for readers: their links, and the length of the first page. */
class PagesTest {

    private static final Path README = Path.of("README.md");

    /** The target of a link or picture in Markdown. */
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");

    /** The last cell of a promise: `CLASS.METHOD`. */
    private static final Pattern PROMISED = Pattern.compile("\\| `(\\w+IT)\\.(\\w+)` \\|$");

    @Test
    void everyLinkLeadsSomewhere() throws Exception {
        List<String> broken = new ArrayList<>();
        int links = 0;
        for (Path page : pages()) {
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                links++;
                if (!link.group(1).startsWith("https://") && !exists(page, link.group(1))) {
                    broken.add(page + ": " + link.group(1));
                }
            }
        }
        assertThat(broken).isEmpty();
        assertThat(links).as("the pattern finds links at all").isGreaterThan(15);
    }

    @Test
    void everyPageIsLinkedFromTheReadme() throws Exception {
        String readme = Files.readString(README);
        for (Path page : pages()) {
            if (!page.equals(README)) {
                assertThat(readme).contains("](" + page + ")");
            }
        }
    }

    @Test
    void newcomersReadAPage() throws Exception {
        assertThat(Files.readAllLines(README)).hasSizeLessThanOrEqualTo(120);
    }

    @Test
    void everyPromiseHasATest() throws Exception {
        List<String> promises =
                Files.readAllLines(Path.of(".github/SECURITY.md")).stream()
                        .filter(line -> line.matches("\\|.*`[A-Za-z]+IT\\..*"))
                        .toList();
        assertThat(promises).hasSizeGreaterThan(20);
        for (String promise : promises) {
            Matcher test = PROMISED.matcher(promise);
            assertThat(test.find()).as(promise).isTrue();
            Path source = Path.of("src/test/java/org/hgcmdserver/it", test.group(1) + ".java");
            assertThat(source)
                    .content()
                    .doesNotContain("@Disabled")
                    .containsPattern(
                            " {4}@Test\\n(?: {4}@.*\\n)* {4}void " + test.group(2) + "\\(");
        }
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(README, Path.of("packaging/NEWS.md")));
        for (String directory : List.of("src/site/markdown", ".github")) {
            try (Stream<Path> files = Files.list(Path.of(directory))) {
                files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
            }
        }
        assertThat(pages).hasSizeGreaterThan(7);
        return pages;
    }

    private static boolean exists(Path page, String target) throws IOException {
        String[] parts = target.split("#", 2);
        Path file = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
        return Files.exists(file)
                && (parts.length == 1
                        || headings(file).contains(parts[1].toLowerCase(Locale.ROOT)));
    }

    /** The anchors that a forge derives from headings. */
    private static List<String> headings(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith("#"))
                .map(line -> line.replaceFirst("^#+ *", "").toLowerCase(Locale.ROOT))
                .map(title -> title.replaceAll("[^\\w -]", "").replace(' ', '-'))
                .toList();
    }
}
