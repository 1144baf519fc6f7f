/* SPDX-License-Identifier: Apache-2.0
 * Runs a fuzz target over the files of the directories named on the command line. Fails when there
 * are none: an empty corpus proves nothing. */
#include <dirent.h>
#include <stdio.h>

#include "base/xalloc.h"
#include "fuzz/fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)

static void replay_file(FILE *file, char *bytes)
{
    size_t size = fread(bytes, 1, INPUT_MAX, file);
    /* its own allocation: a read behind the end must not go unseen */
    char *exact = xalloc(size ? size : 1);

    memcpy(exact, bytes, size);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)exact, size);
    xfree(exact);
}

static int replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    char *bytes = xalloc(INPUT_MAX);
    int count = 0;

    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char name[4096];
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(name, "rb");
        if (!file)
            continue;
        replay_file(file, bytes);
        (void)fclose(file);
        count++;
    }
    if (directory)
        (void)closedir(directory);
    xfree(bytes);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++)
        count += replay_directory(argv[i]);
    (void)printf("%d inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
