// SPDX-License-Identifier: Apache-2.0
#include "bench/restart/witness.h"

#include "bench/registrar/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 5000 };

static _Noreturn void run(volatile struct witness_counts *shared)
{
	struct server_options options = {
		.tls_port = -1,
		.service = {.compositor = {.max_expires_s = 3600, .events = "presence"},
			    .complaints_shown = 1}};
	struct server *server;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	server = server_new(&options);
	if (server == NULL)
		_exit(EXIT_FAILURE);
	shared->port = server_port(server);
	for (;;) {
		struct compositor *compositor = service_compositor(server_service(server));
		const struct compositor_counts *counts = compositor_counts(compositor);

		server_poll(server, -1, NULL);
		shared->initial = counts->taken[WISH_INITIAL];
		shared->refresh = counts->taken[WISH_REFRESH];
		shared->modify = counts->taken[WISH_MODIFY];
		shared->removed = counts->taken[WISH_REMOVE];
		shared->refused = counts->refused;
		shared->published = counts->published;
		shared->busy = compositor_people(compositor)->busy;
	}
}

int witness_start(struct witness *witness)
{
	void *shared = mmap(NULL, sizeof(*witness->counts), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -1;
	witness->counts = shared;
	witness->pid = fork();
	if (witness->pid == 0)
		run(shared);
	for (int i = 0; i < START_MS && witness->counts->port == 0; i++)
		usleep(1000);
	if (witness->counts->port != 0)
		return 0;
	fprintf(stderr, "bench-restart: no registrar\n");
	return -1;
}

void witness_stop(struct witness *witness)
{
	kill(witness->pid, SIGKILL);
	waitpid(witness->pid, NULL, 0);
	munmap((void *)witness->counts, sizeof(*witness->counts));
}
