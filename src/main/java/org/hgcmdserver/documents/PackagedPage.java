package org.hgcmdserver.documents;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A page of the documentation as packages install it: without what is about a checkout, from {@code
 * <!-- checkout -->} to {@code <!-- end -->} or {@code <!-- package}, with what is hidden in a
 * comment {@code <!-- package ... -->}, with the paths of the installed files, and with links to
 * installed pages only.
 */
final class PackagedPage {

    private static final Pattern CHECKOUT =
            Pattern.compile(
                    "<!-- checkout -->\n.*?(?:<!-- end -->\n|(?=<!-- package\n))", Pattern.DOTALL);

    private static final Pattern PACKAGE =
            Pattern.compile("<!-- package\n(.*?)-->\n", Pattern.DOTALL);

    /** A row of a table that is about the page to which it leads. */
    private static final Pattern ROW = Pattern.compile("\\| \\[[^\\]]*\\]\\(([^)]*)\\) \\|.*\\n");

    private static final Pattern LINK = Pattern.compile("\\[([^\\]]*)\\]\\(([^)]*)\\)");

    private PackagedPage() {}

    /**
     * @param installed the names of the pages that are installed in one directory
     */
    static String of(String page, Set<String> installed) {
        String text = CHECKOUT.matcher(page).replaceAll("");
        text = PACKAGE.matcher(text).replaceAll("$1");
        text =
                text.replace("target/dist/bin/hg-cmdserver", "hg-cmdserver")
                        .replace("target/dist/lib", "/usr/share/hg-cmdserver/lib");
        text =
                ROW.matcher(text)
                        .replaceAll(
                                row ->
                                        Matcher.quoteReplacement(
                                                installed.contains(name(row.group(1)))
                                                        ? row.group()
                                                        : ""));
        return LINK.matcher(text)
                .replaceAll(
                        link ->
                                Matcher.quoteReplacement(
                                        link(link.group(1), link.group(2), installed)));
    }

    private static String link(String text, String target, Set<String> installed) {
        if (target.startsWith("https:")) {
            return "[" + text + "](" + target + ")";
        }
        String name = name(target);
        return installed.contains(name) ? "[" + text + "](" + name + ")" : text;
    }

    private static String name(String target) {
        return target.substring(target.lastIndexOf('/') + 1);
    }
}
