/** Workers that are started when their connection arrives; needs nothing but the program to run. */
package org.hgcmdserver.worker.spawn;
