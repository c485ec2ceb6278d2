package org.hgcmdserver.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.hgcmdserver.posix.PlatformPath;
import org.hgcmdserver.posix.PlatformString;

/**
 * Prints the options in effect as a configuration file, as {@code sshd -T} does, wherever they come
 * from.
 */
final class ConfigPrinter {

    private ConfigPrinter() {}

    /**
     * @param options whose values are set
     * @param address the option whose value, if it is absent, is {@code usual}
     * @param usual null if there is no default
     */
    static void print(List<Option<?>> options, Option<?> address, Path usual) throws IOException {
        StringBuilder file = new StringBuilder();
        for (Option<?> option : options) {
            if (ConfigFile.canSet(option)) {
                Object value = option.value();
                if (value == null && option == address && usual != null) {
                    line(file, option, PlatformPath.text(usual));
                } else if (value == null || value.equals(List.of())) {
                    file.append("# ");
                    line(file, option, option.label());
                } else {
                    List<?> values = option.isMultiValue() ? (List<?>) value : List.of(value);
                    values.forEach(one -> line(file, option, option.textOf(one)));
                }
            }
        }
        System.out.write(PlatformString.encode(file.toString()));
        System.out.flush();
    }

    private static void line(StringBuilder file, Option<?> option, String text) {
        file.append(option.name()).append(" = ").append(text).append('\n');
    }
}
