package org.hgcmdserver;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The direction in which packages may depend on each other. */
class ArchitectureTest {

    private static final String ROOT = "org.hgcmdserver.";
    private static final Path SOURCES = Path.of("src/main/java");
    private static final int LONGEST_FILE = 300;
    private static final int MOST_PARAMETERS = 6;

    /** Files that are longer, and the reason. */
    private static final Map<String, String> REASONED_FILES =
            Map.of(
                    "ForkingService.java",
                    "the life of a service and the way of a connection, in the order of events, are"
                            + " read in one place");

    /** Classes whose constructor takes more, and the reason. */
    private static final Map<String, String> REASONED_CONSTRUCTORS = Map.of();

    private final JavaClasses classes =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("org.hgcmdserver");

    @Test
    void dependenciesPointOneWay() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .ensureAllClassesAreContainedInArchitecture()
                .layer("documents")
                .definedBy(ROOT + "documents..")
                .layer("cli")
                .definedBy(ROOT + "cli..")
                .layer("service")
                .definedBy(ROOT + "service..")
                .layer("reload")
                .definedBy(ROOT + "reload..")
                .layer("worker")
                .definedBy(ROOT + "worker..")
                .layer("children")
                .definedBy(ROOT + "children..")
                .layer("listener")
                .definedBy(ROOT + "listener..")
                .layer("host")
                .definedBy(ROOT + "host..")
                .layer("client")
                .definedBy(ROOT + "client..")
                .layer("protocol")
                .definedBy(ROOT + "protocol..")
                .layer("posix")
                .definedBy(ROOT + "posix..")
                .whereLayer("documents")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("cli")
                .mayOnlyBeAccessedByLayers("documents")
                .whereLayer("service")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("reload")
                .mayOnlyBeAccessedByLayers("cli", "service")
                .whereLayer("worker")
                .mayOnlyBeAccessedByLayers("cli", "service", "reload")
                .whereLayer("children")
                .mayOnlyBeAccessedByLayers("cli", "service", "reload", "worker")
                .whereLayer("listener")
                .mayOnlyBeAccessedByLayers("cli", "service", "reload", "worker")
                .whereLayer("host")
                .mayOnlyBeAccessedByLayers("cli", "service", "reload")
                .whereLayer("client")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("protocol")
                .mayOnlyBeAccessedByLayers("client", "worker")
                .whereLayer("posix")
                .mayNotAccessAnyLayer()
                .whereLayer("protocol")
                .mayNotAccessAnyLayer()
                .whereLayer("host")
                .mayOnlyAccessLayers("posix")
                .check(classes);
    }

    /** The table of workers knows neither kind; neither does the service. */
    @Test
    void kindsOfWorkersAreInterchangeable() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + "worker", ROOT + "service..", ROOT + "reload..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT + "worker.spawn..", ROOT + "worker.prefork..")
                .check(classes);
        noClasses()
                .that()
                .resideInAPackage(ROOT + "worker.spawn..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(ROOT + "worker.prefork..")
                .check(classes);
    }

    @Test
    void noCycles() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void nativeCodeIsBehindOneDoor() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "posix..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jnr..", "com.kenai..", "sun.misc..")
                .check(classes);
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "posix..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName(ROOT + "posix.NativeLibrary")
                .check(classes);
    }

    @Test
    void nobodyUsesTheJdksProcesses() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.ProcessBuilder")
                .because("waitpid(-1) takes away the exit statuses of its processes")
                .check(classes);
    }

    @Test
    void nobodyAsksForTheSystemsClock() {
        noClasses()
                .should()
                .accessTargetWhere(describe("the system's clock", ArchitectureTest::isClock))
                .because("a change of it must neither shorten nor lengthen a wait")
                .check(classes);
    }

    @Test
    void oneClassReadsTheMonotonicClock() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(ROOT + "posix.Ticker")
                .should()
                .accessTargetWhere(describe("System.nanoTime", ArchitectureTest::isNanoTime))
                .because("tests control the time of every wait")
                .check(classes);
    }

    @Test
    void filesAreShort() throws IOException {
        Map<String, Integer> longer = new TreeMap<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                int lines = Files.readAllLines(file).size();
                if (lines > LONGEST_FILE) {
                    longer.put(file.getFileName().toString(), lines);
                }
            }
        }
        assertThat(longer.keySet()).as("more than 300 lines").isEqualTo(REASONED_FILES.keySet());
    }

    @Test
    void constructorsTakeFewParameters() {
        Set<String> many =
                classes.stream()
                        .flatMap(c -> c.getConstructors().stream())
                        .filter(c -> c.getRawParameterTypes().size() > MOST_PARAMETERS)
                        .map(c -> c.getOwner().getSimpleName())
                        .collect(Collectors.toCollection(TreeSet::new));
        assertThat(many).as("more than 6 parameters").isEqualTo(REASONED_CONSTRUCTORS.keySet());
    }

    private static boolean isNanoTime(JavaAccess<?> access) {
        return access.getTargetOwner().getName().equals("java.lang.System")
                && access.getName().equals("nanoTime");
    }

    private static boolean isClock(JavaAccess<?> access) {
        String owner = access.getTargetOwner().getName();
        String name = access.getName();
        return switch (owner) {
            case "java.lang.System" -> name.equals("currentTimeMillis");
            case "java.util.Date" -> name.equals("<init>");
            case "java.util.Calendar", "java.util.GregorianCalendar" -> true;
            case "java.time.Clock", "java.time.InstantSource" -> true;
            default -> owner.startsWith("java.time.") && name.equals("now");
        };
    }
}
