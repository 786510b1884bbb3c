/* The floor: reads requests of REQUEST bytes and answers each with REPLY bytes, nothing else.
 * usage: floor PATH REQUEST REPLY */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char **words) {
    if (count != 4) return 2;
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    strncpy(where.sun_path, words[1], sizeof where.sun_path - 1);
    size_t request = strtoul(words[2], NULL, 10), reply = strtoul(words[3], NULL, 10);
    char *in = malloc(request), *out = malloc(reply);
    memset(out, 'x', reply);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&where, sizeof where) || listen(listener, 1)) return 1;
    int peer = accept(listener, NULL, NULL);
    for (;;) {
        for (size_t have = 0; have < request;) {
            ssize_t got = read(peer, in + have, request - have);
            if (got <= 0) return 0;
            have += got;
        }
        if (write(peer, out, reply) != (ssize_t)reply) return 0;
    }
}
