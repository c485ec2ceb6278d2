package org.hgcmdserver.it;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;

/**
 * The kind of workers makes no difference to these tests, or they choose it themselves: they are
 * left out of the run that is about spawned workers.
 */
@Tag("once")
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@interface RunsOnce {}
