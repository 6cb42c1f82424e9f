from threadpoolctl import threadpool_info, threadpool_limits

from explainers.game.threads import on_one_thread


def threads_of_blas():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_one_thread_within_and_as_many_as_before_afterwards():
    """scipy's library counts too, though nothing may have loaded it before."""
    read = on_one_thread(threads_of_blas)
    read()
    with threadpool_limits(limits=2, user_api="blas"):
        assert threads_of_blas() == {2}
        assert read() == {1}
        assert threads_of_blas() == {2}
