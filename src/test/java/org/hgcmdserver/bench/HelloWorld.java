package org.hgcmdserver.bench;

/** The least that a JVM does, for {@link StartBenchmark}. */
final class HelloWorld {

    private HelloWorld() {}

    public static void main(String[] arguments) {
        System.out.println("hello");
    }
}
