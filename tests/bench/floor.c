/* The floor: reads requests of REQUEST bytes and answers each with REPLY bytes, nothing else; a
 * thread for each connection.
 * usage: floor PATH REQUEST REPLY */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static size_t request, reply;

static void *echo(void *word) {
    int peer = (int)(long)word;
    char *in = malloc(request), *out = malloc(reply);
    memset(out, 'x', reply);
    for (;;) {
        for (size_t have = 0; have < request;) {
            ssize_t got = read(peer, in + have, request - have);
            if (got <= 0) goto left;
            have += got;
        }
        if (write(peer, out, reply) != (ssize_t)reply) break;
    }
left:
    close(peer);
    free(in);
    free(out);
    return NULL;
}

int main(int count, char **words) {
    if (count != 4) return 2;
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    strncpy(where.sun_path, words[1], sizeof where.sun_path - 1);
    request = strtoul(words[2], NULL, 10);
    reply = strtoul(words[3], NULL, 10);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&where, sizeof where) || listen(listener, 512)) return 1;
    for (;;) {
        pthread_t thread;
        int peer = accept(listener, NULL, NULL);
        if (peer < 0 || pthread_create(&thread, NULL, echo, (void *)(long)peer)) return 1;
        pthread_detach(thread);
    }
}
