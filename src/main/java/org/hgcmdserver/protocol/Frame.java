package org.hgcmdserver.protocol;

/**
 * The head of a frame from a server.
 *
 * @param channel the frame's channel; null for an optional channel that this version does not know
 * @param size on an input channel, the number of bytes that the server accepts; on any other, the
 *     number of bytes of data that follow
 */
public record Frame(Channel channel, int size) {}
