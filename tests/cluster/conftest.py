from __future__ import annotations

from collections.abc import Iterator

import pytest
from cluster.programs import Cluster, dask_cluster, until

from repl_connect.cluster.scheduler import workers


@pytest.fixture(scope="package")
def running_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask")) as started:
        yield started


@pytest.fixture
def cluster(running_cluster: Cluster) -> Cluster:
    """Two workers, `0` and `1`, both up; they have no REPL until a test gives them one."""
    until(lambda: len(workers(running_cluster.url, 30)) == 2)
    return running_cluster
