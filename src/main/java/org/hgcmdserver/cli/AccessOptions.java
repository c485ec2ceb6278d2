package org.hgcmdserver.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.hgcmdserver.posix.OverflowIds;
import org.hgcmdserver.posix.Users;
import org.hgcmdserver.service.AccessRules;
import org.hgcmdserver.service.CommandServerHandler.Admission;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The options that set which users may connect, and how many connections one user may have. */
final class AccessOptions {

    private static final Logger log = LoggerFactory.getLogger(AccessOptions.class);

    private final Option<List<String>> users =
            Option.texts("--allow-user")
                    .label("USER")
                    .description(
                            "A user, by name or number, who may connect; can be repeated. Without this option and"
                                    + " --allow-group: the daemon's own user and root, or, at a socket of the"
                                    + " service manager, whoever the socket's permissions allow.");

    private final Option<List<String>> groups =
            Option.texts("--allow-group")
                    .label("GROUP")
                    .description(
                            "A group, by name or number, whose members may connect; can be repeated.");

    private final Option<Integer> maxWorkersPerUser =
            Option.limit("--max-workers-per-user")
                    .label("N")
                    .defaultText("infinity")
                    .description(
                            "How many connections one user may have at a time; more are refused. Default:"
                                    + " ${DEFAULT-VALUE}.");

    List<Option<?>> options() {
        return List.of(users, groups, maxWorkersPerUser);
    }

    /**
     * @throws IOException if there is no such user or group
     */
    Admission admission() throws IOException {
        if (users.value().isEmpty() && groups.value().isEmpty()) {
            AccessRules rootAndSelf =
                    new AccessRules(Set.copyOf(List.of(0L, Users.self())), Set.of());
            warnIfUsersAreNobody(rootAndSelf);
            return new Admission(rootAndSelf, Optional.empty(), maxWorkersPerUser.value());
        }
        AccessRules given =
                new AccessRules(
                        ids(users.value(), Users::userId, "user"),
                        ids(groups.value(), Users::groupId, "group"));
        warnIfUsersAreNobody(given);
        return new Admission(given, Optional.of(given), maxWorkersPerUser.value());
    }

    private void warnIfUsersAreNobody(AccessRules rules) {
        if (OverflowIds.isUid(Users.self())) {
            log.warn(
                    "this service runs as uid {}, as which users of other user namespaces appear: it does not know"
                            + " its own user's clients, and runs no command of chg; run it as another user",
                    Users.self());
        }
        if (rules.users().stream().anyMatch(OverflowIds::isUid)
                || rules.groups().stream().anyMatch(OverflowIds::isGid)) {
            log.warn(
                    "a client that is {} may not connect: users of other user namespaces appear as such",
                    Users.nameAndId(OverflowIds.uid()));
        }
    }

    /**
     * Splits at commas, with empty names; picocli's split turns "," into no names, as if the option
     * were absent.
     */
    private static Set<Long> ids(
            List<String> values, Function<String, OptionalLong> lookUp, String kind)
            throws IOException {
        Set<Long> ids = new TreeSet<>();
        for (String value : values) {
            for (String name : value.split(",", -1)) {
                OptionalLong id = lookUp.apply(name.strip());
                if (id.isEmpty()) {
                    throw new OptionException(
                            "allow-" + kind,
                            value,
                            "there is no %s \"%s\"; correct --allow-%s"
                                    .formatted(kind, name.strip(), kind));
                }
                ids.add(id.getAsLong());
            }
        }
        return ids;
    }
}
