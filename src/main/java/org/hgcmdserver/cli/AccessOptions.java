package org.hgcmdserver.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.hgcmdserver.posix.Users;
import org.hgcmdserver.service.AccessRules;
import org.hgcmdserver.service.CommandServerHandler.Admission;
import picocli.CommandLine.Option;

/** The options that set which users may connect, and how many connections one user may have. */
final class AccessOptions {

    @Option(
            names = "--allow-user",
            paramLabel = "USER",
            description =
                    "A user, by name or number, who may connect; can be repeated. Without this option and"
                            + " --allow-group: the daemon's own user and root, or, at a socket of the"
                            + " service manager, whoever the socket's permissions allow.")
    private List<String> users = List.of();

    @Option(
            names = "--allow-group",
            paramLabel = "GROUP",
            description = "A group, by name or number, whose members may connect; can be repeated.")
    private List<String> groups = List.of();

    @Option(
            names = "--max-workers-per-user",
            paramLabel = "N",
            defaultValue = "infinity",
            converter = Values.LimitConverter.class,
            description =
                    "How many connections one user may have at a time; more are refused. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int maxWorkersPerUser;

    /**
     * @throws IOException if there is no such user or group
     */
    Admission admission() throws IOException {
        AccessRules given =
                new AccessRules(
                        ids(users, Users::userId, "user"), ids(groups, Users::groupId, "group"));
        boolean none = users.isEmpty() && groups.isEmpty();
        return new Admission(
                none ? new AccessRules(Set.copyOf(List.of(0L, Users.self())), Set.of()) : given,
                none ? Optional.empty() : Optional.of(given),
                maxWorkersPerUser);
    }

    /** Not picocli's split, which turns "," into no names, as if the option were absent. */
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
