package org.hgcmdserver.it.differential;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A line of words, in quotes where they hold blanks, quotes, backslashes or ends of lines. */
final class Words {

    private static final Pattern WORD = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|(\\S+)");
    private static final Pattern BARE = Pattern.compile("[^\\s\"\\\\]+");

    private Words() {}

    static String join(List<String> words) {
        return words.stream().map(Words::quoted).collect(Collectors.joining(" "));
    }

    private static String quoted(String word) {
        if (BARE.matcher(word).matches()) {
            return word;
        }
        String escaped = word.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
        return '"' + escaped + '"';
    }

    static List<String> split(String line) {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(line);
        while (word.find()) {
            words.add(word.group(2) != null ? word.group(2) : unescaped(word.group(1)));
        }
        return words;
    }

    private static String unescaped(String text) {
        return Pattern.compile("\\\\(.)")
                .matcher(text)
                .replaceAll(
                        escape ->
                                escape.group(1).equals("n")
                                        ? "\n"
                                        : Matcher.quoteReplacement(escape.group(1)));
    }
}
