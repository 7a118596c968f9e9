/* A program to be signed: ends with its version, so that it can be seen which one ran. */
int main(void)
{
    return STAND_IN_VERSION;
}
