package org.hgcmdserver.posix;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Which variables of an environment matter, and which must not be there. Immutable. */
public final class VariableRules {

    /**
     * @param beginning of the entries "NAME=value" that the rule is for
     * @param forbids whether such a variable must not be there
     */
    private record Rule(String beginning, boolean forbids) {}

    private static final int CHARS = 256;

    /** By the first char of the entries: few rules are compared with each of them. */
    private final List<List<Rule>> byInitial = new ArrayList<>();

    /**
     * @param rules names of variables, or their beginnings followed by "*"; a "!" before a name
     *     forbids such variables. Of several rules for a variable the first counts
     */
    public VariableRules(List<String> rules) {
        for (int i = 0; i < CHARS; i++) {
            byInitial.add(new ArrayList<>());
        }
        for (String rule : rules) {
            boolean forbids = rule.startsWith("!");
            String name = forbids ? rule.substring(1) : rule;
            String beginning =
                    name.endsWith("*") ? name.substring(0, name.length() - 1) : name + "=";
            byInitial.get(beginning.charAt(0)).add(new Rule(beginning, forbids));
        }
    }

    /**
     * The variables that matter, in an order that depends on nothing else; empty if one of the
     * variables is forbidden.
     */
    public Optional<Environment> select(Environment environment) {
        TreeSet<String> selected = new TreeSet<>();
        for (String entry : environment.entries()) {
            Rule rule = ruleFor(entry);
            if (rule != null && rule.forbids) {
                return Optional.empty();
            }
            if (rule != null) {
                selected.add(entry);
            }
        }
        return Optional.of(new Environment(selected));
    }

    private Rule ruleFor(String entry) {
        for (Rule rule : byInitial.get(entry.charAt(0))) {
            if (entry.startsWith(rule.beginning)) {
                return rule;
            }
        }
        return null;
    }
}
